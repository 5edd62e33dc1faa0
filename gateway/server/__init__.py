"""The process: its socket, its workers, its start, stop and reloads."""
