"""A key that the researcher's shell holds never gets into a sandbox, nor into a log."""

import json
import os
import subprocess
import sys
import uuid
import zipfile
from pathlib import Path

import pytest

from proctor.room.files import ROOT

SEARCH = Path(__file__).with_name("search.py")
VARIABLES = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GOOGLE_API_KEY",
    "MISTRAL_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "HF_TOKEN",
)


def secrets(tmp_path: Path) -> dict[str, str]:
    """Make a home with keys where people keep them, and keys in the environment."""
    word = f"sk-{uuid.uuid4().hex}"
    home = tmp_path / "home"
    for name in (".docker/config.json", ".aws/credentials", ".netrc", ".env"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"auths": {}, "HttpHeaders": {"X-Key": word}}))
    return {"HOME": str(home), "word": word, **dict.fromkeys(VARIABLES, word)}


@pytest.mark.docker
@pytest.mark.slow
def test_no_key_of_the_host_is_in_the_sandbox(tmp_path: Path) -> None:
    """Searched for by root, everywhere, in a real run; what is planted is found."""
    environment = secrets(tmp_path)
    secret, planted = environment.pop("word"), uuid.uuid4().hex
    words, report = tmp_path / "words.json", tmp_path / "report.json"
    words.write_text(json.dumps([secret, planted]))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "inspect_ai", "eval", "cheating_evals.py"),
            *("--model", "scripted/guesser", "-T", "runs=1", "--display", "plain"),
            *("--solver", f"{SEARCH}@search", "-S", f"words={words}"),
            *("-S", f"report={report}", "--log-dir", str(tmp_path / "logs")),
        ],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert report.exists(), done.stdout + done.stderr
    told = json.loads(report.read_text())
    assert told["said"], told["error"]
    found = json.loads(told["said"])
    assert found["files"] > 1000
    assert [where for number, where in found["found"] if number == 0] == []
    places = {where for number, where in found["found"] if number == 1}
    assert {"/tmp/planted", "environ of a process", "memory of a process"} <= places
    assert secret not in told["engine"] and "cheating-evals-room" in told["engine"]
    (log,) = (tmp_path / "logs").glob("*.eval")
    with zipfile.ZipFile(log) as parts:
        read = {name: parts.read(name) for name in parts.namelist()}
    assert [name for name, data in read.items() if secret.encode() in data] == []
