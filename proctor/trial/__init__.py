"""The judge on trial: against labels, and against hostile transcripts."""
