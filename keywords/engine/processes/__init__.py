"""Processes that a run starts: the gateway, Redis, Prometheus, Node, an OTLP receiver."""
