"""E-GAN beside its parts at equal compute: studies, runs, tables and the figure."""
