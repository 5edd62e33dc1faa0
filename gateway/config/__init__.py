"""The configuration: `gateway.toml` and the environment, checked whole."""
