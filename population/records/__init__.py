"""What a search writes down and reads back: tables and their lineage, checkpoints, schedules."""
