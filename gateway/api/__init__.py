"""The HTTP API: the application, the middleware around each request, and the endpoints."""
