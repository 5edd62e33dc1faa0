"""Backends: one package per wire format."""
