"""Connections, timing, event streams and error answers of all backends with an address."""
