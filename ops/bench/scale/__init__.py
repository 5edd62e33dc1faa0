"""Whether the suite's own tools keep their pace when what they work on is large."""
