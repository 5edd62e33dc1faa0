"""The formats of clients: validation of requests, form of answers and errors."""
