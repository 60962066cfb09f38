"""What decides which children are made: one module a strategy, `table` lists them by name."""
