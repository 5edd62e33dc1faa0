"""The record of one request: attempts, tokens, waits and trace."""
