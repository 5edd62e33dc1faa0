"""The command `qa`: runs the suites and makes pages of their results."""
