"""Requests, streams and disconnects of the gateway's clients."""
