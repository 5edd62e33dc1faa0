"""The evidence of rows, as files and pages."""
