"""Start, configure, stop and observe gateways."""
