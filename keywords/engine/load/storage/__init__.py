"""Samples of load runs in the store: written while the run goes on, read back as columns, exported."""
