"""The store of measurements: `results/measurements.db`, one SQLite file for the samples of every room."""
