"""Keys and their limits: rates, budgets, concurrency."""
