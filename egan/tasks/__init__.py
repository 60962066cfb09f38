"""What models are for: what they learn from, how they are judged and shown."""
