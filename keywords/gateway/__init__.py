"""Gateways of our own: started, configured, stopped, and read from outside."""
