"""OpenAI's format: bounds of its requests, and prompt templates."""
