"""What measured values say: percentiles, intervals and comparisons; the only place that computes them."""
