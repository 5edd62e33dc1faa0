"""Capabilities of the kinds of backends and of the model."""
