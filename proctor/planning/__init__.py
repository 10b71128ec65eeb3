"""What an experiment takes and what it can show, before it is run."""
