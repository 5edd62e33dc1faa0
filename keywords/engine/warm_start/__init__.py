"""Starts of Python programs without the time of their imports."""
