"""What the model answers, judged over repeated questions."""
