"""Comparison of two series of load runs: by how much they differ, with what confidence, or that nobody can tell."""
