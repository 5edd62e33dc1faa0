"""Programs that operate the project, besides its suites."""
