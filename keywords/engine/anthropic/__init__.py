"""Anthropic's Messages from a client's side: reading and conformance."""
