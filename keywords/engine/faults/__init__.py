"""Streams that are cut at many places, and what the client was told."""
