"""Tables and pictures on disk, made into something to look at."""
