"""An OpenAI-compatible LLM inference gateway."""
