"""Measurements over many requests."""
