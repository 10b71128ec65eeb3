"""Where a run is found in Inspect's viewer."""

from .._inspect.viewer import VIEWER, address, command
from .runs import Run


def viewer_link(run: Run, viewer: str = VIEWER) -> str:
    """Return the address of a run in `inspect view`, started on its log's folder."""
    return address(run.log.name, run.id, run.epoch, viewer)


def viewer_command(run: Run) -> str:
    """Return the command that starts the viewer on a run's log."""
    return command(run.log.parent)
