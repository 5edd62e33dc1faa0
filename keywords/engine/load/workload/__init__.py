"""Workload: what a load run sends, written in one YAML file, and the items drawn from it."""
