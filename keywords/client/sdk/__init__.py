"""The real `openai` and `anthropic` packages as clients."""
