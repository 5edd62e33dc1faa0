"""Chooses the backend of each attempt: routes, balancing, circuit breakers, retries."""
