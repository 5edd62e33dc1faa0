"""The commands about evaluations: `qa eval`, `qa score`, `qa replay`, and what `qa compare` says of two of them."""
