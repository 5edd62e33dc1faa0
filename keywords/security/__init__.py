"""Attacks, canaries and fuzzing."""
