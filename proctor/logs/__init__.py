"""Logs on disk, runs in plain facts, labels, and people's decisions."""
