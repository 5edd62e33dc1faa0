"""The matrix: from a requirement to the status of its rows."""
