"""NVIDIA GPUs: the gate to NVML, signals, telemetry on the suite's clock, findings, workloads."""
