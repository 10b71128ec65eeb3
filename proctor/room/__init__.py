"""The exam room: its conditions, and which file is what."""
