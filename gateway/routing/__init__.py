"""From a model to the backend of the next attempt: routes, balancing, breakers, retries."""
