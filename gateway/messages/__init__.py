"""Anthropic's `POST /v1/messages`: what clients send, and what they get."""
