"""The line to the recorder in a sandbox."""
