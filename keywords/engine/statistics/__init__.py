"""Statistics: percentiles, intervals and comparisons; the only place that computes them."""
