"""What would have been: a run with one decision changed, and what contests are worth."""
