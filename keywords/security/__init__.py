"""Attacks, canaries and broken requests."""
