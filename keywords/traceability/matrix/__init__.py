"""The matrix of requirements and the results of their rows."""
