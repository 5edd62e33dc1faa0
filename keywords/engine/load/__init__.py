"""Measurements of time under load."""
