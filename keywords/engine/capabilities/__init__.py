"""What kinds of backends, and the model itself, take of a request."""
