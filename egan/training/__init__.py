"""How models learn: an update, a game of two sides, optimisers, averages."""
