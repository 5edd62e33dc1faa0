"""Evidence of a row: exchanges, their files, and a script that repeats them."""
