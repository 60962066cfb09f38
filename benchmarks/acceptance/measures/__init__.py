"""What acceptance files measure that is too long to stand in them, a file for each model."""
