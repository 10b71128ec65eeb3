"""The judge: a model that reads a transcript and says whether the agent cheated."""
