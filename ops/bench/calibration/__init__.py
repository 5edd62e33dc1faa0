"""Calibration of the evaluation: does it rank models that are known to be worse, and call a model equal to itself?"""
