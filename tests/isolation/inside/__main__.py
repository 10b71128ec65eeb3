"""Makes all attempts, or those of one control, and prints what came of each."""

import json
import sys

from .attempt import outcomes
from .everything import ALL

if __name__ == "__main__":
    (control,) = sys.argv[1:]
    # not as an argument, which every other process could read
    given = sys.stdin.read()
    chosen = [a for a in ALL if control in ("agent", a.control)]
    print(json.dumps(outcomes(chosen, given)))
