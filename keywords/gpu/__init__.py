"""NVIDIA GPUs: inventory, health, telemetry, work that is put on them."""
