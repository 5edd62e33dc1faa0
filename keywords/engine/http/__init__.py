"""HTTP as it went over the wire: exchanges, server-sent events, a first look at a server."""
