"""All that Robot Framework itself loads: the listener and the pre-run modifier."""
