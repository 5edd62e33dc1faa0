"""Honesty of comparisons: how often equal servers are called different, and how often a slower one is found."""
