"""Runs in the sandbox, as the agent: the standard library only, no other imports."""
