"""What acceptances are made of that are too long for one file: their rivals, what they measure."""
