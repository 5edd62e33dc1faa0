"""The official `openai` and `anthropic` packages as clients."""
