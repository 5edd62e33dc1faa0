"""The evidence of a row as files and as a page."""
