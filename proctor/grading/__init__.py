"""Graders: what they are shown and asked, and what their votes decide."""
