"""The command `gateway` and its subcommands."""
