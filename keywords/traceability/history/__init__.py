"""Runs and how their rows ended, kept for comparison with the next one."""
