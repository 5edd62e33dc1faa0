"""Evaluation: sets of questions, scorers that need no judge model, runs, and comparisons of runs."""
