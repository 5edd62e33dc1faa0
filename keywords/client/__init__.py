"""What a client of the gateway does: asks, streams, leaves."""
