"""LiteLLM's SDK as a backend, for all other providers."""
