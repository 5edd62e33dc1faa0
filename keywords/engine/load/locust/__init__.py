"""Load by Locust, for what outgrows one machine: its users send and read as this project's load engine does.

Only processes of Locust import `locustfile`, `client` and `worker`: Locust replaces the standard library's sockets.
"""
