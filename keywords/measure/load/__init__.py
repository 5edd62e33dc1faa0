"""Keywords of load runs: send load, read its numbers, disturb the server meanwhile, search for its capacity."""
