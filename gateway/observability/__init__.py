"""What the gateway tells of its requests: log, ledger, metrics and traces."""
