"""Statistics of verdicts. Pure: no input or output, nothing of Inspect."""
