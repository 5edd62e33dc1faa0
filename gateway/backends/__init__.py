"""Backends: one module per wire format."""
