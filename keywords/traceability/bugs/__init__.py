"""Bugs and known differences: what they make of a row, and what is proposed about them."""
