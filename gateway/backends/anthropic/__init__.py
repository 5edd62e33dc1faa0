"""Anthropic's Messages API as a backend."""
