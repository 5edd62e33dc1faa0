"""`qa load`: a load run from the command line."""
