"""Sweeps of cut streams: what a client sees when the backend's answer ends at any byte."""
