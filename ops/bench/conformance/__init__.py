"""Conformance of load generators: each plays the load engine's twenty-three cases, and its own numbers are judged.

What counts is what a tool reports in its own result files. The truth is the scripted backend's record of the same run.
"""
