"""Imported load runs: what other load generators measured, under this project's names."""
