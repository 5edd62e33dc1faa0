"""What a row leaves behind: exchanges, files, a script that repeats them."""
