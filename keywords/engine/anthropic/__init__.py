"""Anthropic's Messages from a client's side: reading, judging conformance."""
