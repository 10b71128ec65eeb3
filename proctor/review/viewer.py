"""Opening a link in the reader's browser, where there is one."""

import os
import socket
import sys
import webbrowser
from urllib.parse import urlsplit

# Seconds: it is on this machine, or it is not.
PATIENCE = 0.3


def has_browser() -> bool:
    """Whether a browser would come up that does not take over this terminal."""
    if sys.platform != "linux":
        return True
    return any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )


def answers(link: str) -> bool:
    """Whether something serves at a link's address."""
    place = urlsplit(link)
    try:
        address = (place.hostname or "", place.port or 80)
        with socket.create_connection(address, PATIENCE):
            return True
    except OSError:
        return False


def show(link: str, command: str) -> str:
    """Open a link.

    Args:
        link: The link.
        command: What starts the viewer that it leads to.

    Returns:
        What happened, and what is to be done where nothing did.
    """
    if not answers(link):
        return f"The link is copied. No viewer answers there; start it: {command}"
    if has_browser() and webbrowser.open(link):
        return "The link is copied, and opened in your browser."
    return "The link is copied. There is no browser here; open it where there is one."
