"""The sinks of finished requests: log, ledger, metrics and traces."""
