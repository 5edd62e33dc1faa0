"""Ollama's native API as a backend."""
