"""The attempts to answer one request, one after the other."""
