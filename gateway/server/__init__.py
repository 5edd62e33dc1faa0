"""The process: its socket, its workers, its life from start to stop, and its reloads."""
