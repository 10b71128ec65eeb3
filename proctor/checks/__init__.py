"""What must be right before a run, and `proctor doctor`."""
