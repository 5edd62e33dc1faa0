"""Pages of measurements: one self-contained file each, with one frame and one style for all."""
