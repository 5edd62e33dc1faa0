"""Keywords about how good and how honest a model's answers are."""
