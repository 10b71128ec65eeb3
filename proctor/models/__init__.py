"""Scripted agents: a model provider that needs no key, and the personas it plays."""
