"""Replay, demonstration, and the process tree of a recording."""
