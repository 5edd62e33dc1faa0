"""Programs that are not Python: how they are found and run."""
