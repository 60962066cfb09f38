"""A page of runs while they go on; it only reads."""
