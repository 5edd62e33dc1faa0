"""Every other provider, through LiteLLM's SDK."""
