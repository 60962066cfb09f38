"""The words after `python -m egan.run`: parsed, explained, listed."""
