"""Robot Framework's hooks: the listener and the pre-run modifier."""
