"""Attacks on a model."""
