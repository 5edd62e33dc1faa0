"""Evaluation of a model's answers to repeated prompts."""
