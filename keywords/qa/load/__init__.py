"""`qa load`: one load run from the command line."""
