"""Gaps on the way from a requirement to its evidence, one sentence each."""
