"""What runs the project beside its suites."""
