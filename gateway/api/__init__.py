"""What clients reach over HTTP: the application, the middleware around each request, and the endpoints."""
