"""HTTP exchanges, server-sent events, disconnects, and the probe of a server."""
