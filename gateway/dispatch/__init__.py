"""One request's way to backends: its attempts, one after the other."""
