"""What runs as root inside the sandbox: the terminal session and its recorder.

The host copies this package into the sandbox as it is, so it uses the standard
library alone and imports nothing of the rest of the project.
"""
