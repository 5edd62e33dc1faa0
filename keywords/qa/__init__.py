"""The command `qa`: a run of the suites, and what is made of it."""
