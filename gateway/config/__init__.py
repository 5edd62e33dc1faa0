"""The configuration: `gateway.toml` and the environment, validated as a whole."""
