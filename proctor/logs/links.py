"""Where a run is found in Inspect's viewer."""

import shlex
from urllib.parse import quote

from .runs import Run

# Where `inspect view` serves, unless told otherwise.
VIEWER = "http://127.0.0.1:7575"


def viewer_link(run: Run, viewer: str = VIEWER) -> str:
    """Return the address of a run in `inspect view`, started on its log's folder."""
    log, sample = (
        # a name may hold what is no Unicode
        quote(part, safe="", errors="surrogatepass")
        for part in (run.log.name, run.id)
    )
    return f"{viewer}/#/logs/{log}/samples/sample/{sample}/{run.epoch}/"


def viewer_command(run: Run) -> str:
    """Return the command that starts the viewer on a run's log."""
    return f"inspect view --log-dir {shlex.quote(str(run.log.parent))}"
