"""Metrics of load runs: their definitions, and what is computed of many requests."""
