"""Benchmarks of the gateway itself."""
