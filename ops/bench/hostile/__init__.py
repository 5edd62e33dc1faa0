"""Hostile connections without a key: what each kind costs the gateway, in memory and in others' time.

`python -m ops.bench.hostile` starts a gateway for each kind, lets a second process attack it, and asks `/health`
meanwhile.
"""
