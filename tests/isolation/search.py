"""A solver that looks for a key in all of a sandbox: files, processes, memory."""

import json
import subprocess
from pathlib import Path

from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

# As root, which reads everything. It gets the words reversed, and takes no account of
# itself, so that it does not find what it was told.
_SEARCH = """\
import json, os, sys
words = [word[::-1].encode() for word in json.load(sys.stdin)]
found, own = [], str(os.getpid())
def look(where, data):
    for number, word in enumerate(words):
        if word in data:
            found.append([number, where])
count = 0
for folder, folders, files in os.walk("/"):
    if folder == "/":
        folders[:] = [name for name in folders if name not in ("proc", "sys")]
    for name in files:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and not os.path.islink(path):
            count += 1
            with open(path, "rb") as file:
                look(path, file.read())
for pid in filter(str.isdigit, os.listdir("/proc")):
    if pid == own:
        continue
    for part in ("environ", "cmdline"):
        with open(f"/proc/{pid}/{part}", "rb") as file:
            look(f"{part} of a process", file.read())
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(start)
                look("memory of a process", memory.read(end - start))
            except (OSError, OverflowError):
                continue
print(json.dumps({"files": count, "found": found}))
"""
# Shows that what is there is found: in a file, in an environment, and so in memory.
_PLANT = (
    'read word; echo "$word" > /tmp/planted; WORD=$word sleep 100 > /dev/null 2>&1 &'
)


@solver
def search(words: str, report: str) -> Solver:
    """Look for words in the sandbox, and for what the engine tells of it.

    Args:
        words: A file with them, in JSON; the last is planted first.
        report: Where to write what was found.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        wanted = json.loads(Path(words).read_text())
        await sandbox().exec(["bash", "-c", _PLANT], input=wanted[-1] + "\n")
        result = await sandbox().exec(
            ["python3", "-I", "-c", _SEARCH],
            input=json.dumps([word[::-1] for word in wanted]),
            user="root",
        )
        connection = await sandbox().connection()
        name = connection.container or ""
        told = subprocess.run(
            ["docker", "inspect", name], capture_output=True, text=True, check=True
        ).stdout
        image = json.loads(told)[0]["Image"]
        for words_of in (["image", "inspect"], ["history", "--no-trunc"]):
            told += subprocess.run(
                ["docker", *words_of, image], capture_output=True, text=True, check=True
            ).stdout
        Path(report).write_text(
            json.dumps({"said": result.stdout, "error": result.stderr, "engine": told})
        )
        return state

    return solve
