"""Conformance cases of the load engine: servers with known behaviour, and what a right measurement of each says."""
