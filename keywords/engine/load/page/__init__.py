"""Page of load runs: the verdict, what happened, charts, tables, and how to repeat it; from the store alone."""
