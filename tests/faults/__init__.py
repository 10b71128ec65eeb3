"""Faults that are injected for real, into runs of Inspect's own commands."""
