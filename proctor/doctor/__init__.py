"""What `proctor doctor` looks at before a run: is all there that the task needs?

Nothing here imports Inspect before a check asks for it, so that a broken installation
is a line of the report and not the end of it.
"""
