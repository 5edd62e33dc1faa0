"""May we ship: the exit criteria with their figures, the verdict, and the page that says so."""
