"""Start, script and inspect scripted backends."""
