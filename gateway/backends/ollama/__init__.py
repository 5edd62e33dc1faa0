"""Ollama in its native format."""
