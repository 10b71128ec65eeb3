"""Exams of models behind a wire, with a key and a service on this machine."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inspect_ai.log import EvalLog, read_eval_log

from proctor.room.files import ROOT
from tests.servers import AnthropicServer, LoopbackServer, OpenAIServer
from tests.servers.google_server import GoogleServer
from tests.servers.loopback import Script
from tests.servers.mistral_server import MistralServer

# Nothing of the machine's own may lead elsewhere: keys, hosts, proxies, settings.
FOREIGN = ("API_KEY", "BASE_URL", "_PROXY", "OPENAI", "ANTHROPIC", "GOOGLE", "GEMINI")
FOREIGN = (*FOREIGN, "VERTEX", "MISTRAL", "AZURE", "INSPECT_", "SSL_CERT")
# A user's own: no .env is read over it. It must be found nowhere afterwards.
KEY = "key-of-loopback-4f1d9c7a2b8e6035d1"
# Seconds; far more than any run here takes.
LIMIT = 600


@dataclass(frozen=True)
class Wire:
    """A provider as a user reaches it.

    Attributes:
        name: What the test is called.
        model: Value of `--model`.
        key: The environment variable that holds the key.
        url: The environment variable that says where the service is.
        server: Makes the service.
        arguments: Of the model.
    """

    name: str
    model: str
    key: str
    url: str
    server: Callable[[Script, str], LoopbackServer]
    arguments: Mapping[str, bool] = field(default_factory=dict)


_OPENAI = ("OPENAI_API_KEY", "OPENAI_BASE_URL", OpenAIServer)
_GOOGLE = ("GOOGLE_API_KEY", "GOOGLE_BASE_URL", GoogleServer)
_MISTRAL = ("MISTRAL_API_KEY", "MISTRAL_BASE_URL", MistralServer)
_ANTHROPIC = ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", AnthropicServer)
STREAM = {"streaming": True}

WIRES = {
    wire.name: wire
    for wire in (
        Wire("openai", "openai/gpt-4o", *_OPENAI),
        Wire("responses", "openai/gpt-5.1", *_OPENAI, {"responses_api": True}),
        Wire("anthropic", "anthropic/claude-sonnet-4-6", *_ANTHROPIC),
        Wire("google", "google/gemini-2.5-pro", *_GOOGLE),
        Wire("mistral", "mistral/mistral-medium-latest", *_MISTRAL),
        Wire("openai-stream", "openai/gpt-4o", *_OPENAI, STREAM),
        Wire("google-stream", "google/gemini-2.5-pro", *_GOOGLE, STREAM),
        Wire(
            "mistral-stream",
            "mistral/mistral-medium-latest",
            *_MISTRAL,
            STREAM | {"conversation_api": False},
        ),
    )
}


@dataclass(frozen=True)
class Run:
    """A run that is over.

    Attributes:
        status: The exit status.
        said: All that was written to the terminal.
        folder: Where everything of it was written.
    """

    status: int
    said: str
    folder: Path

    def log(self, name: str = "") -> EvalLog:
        """Return the log of a wire; the only one where none is named."""
        (path,) = (self.folder / "logs").glob(f"*_{name}_*.eval" if name else "*.eval")
        return read_eval_log(str(path), resolve_attachments=True)

    def places_of(self, secret: str) -> list[str]:
        """Say where something can be read: on the terminal or in any file."""
        found = ["terminal"] if secret in self.said else []
        for path in self.folder.rglob("*"):
            if path.is_file() and any(secret.encode() in raw for raw in _raw(path)):
                found.append(str(path))
        return found


def _raw(path: Path) -> list[bytes]:
    if not zipfile.is_zipfile(path):
        return [path.read_bytes()]
    with zipfile.ZipFile(path) as pack:
        return [pack.read(name) for name in pack.namelist()]


def environment(folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return a user's environment in which nothing but what is given leads elsewhere.

    Args:
        folder: For Inspect's own trace files.
        given: The variables that a user sets.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not any(part in name.upper() for part in FOREIGN)
    }
    mine = {"NO_PROXY": "127.0.0.1", "XDG_DATA_HOME": str(folder / "data")}
    return {**kept, **mine, "COLUMNS": "400", **given}


def carried_out(
    module: str, *words: str, folder: Path, given: Mapping[str, str], text: str = ""
) -> Run:
    """Run a module of Python's in a process of its own.

    Args:
        module: The module.
        words: Its command line.
        folder: Where the run writes, Inspect's own trace files included.
        given: The variables of the environment that a user sets.
        text: Its input.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=environment(folder, given),
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    return Run(done.returncode, done.stdout + done.stderr, folder)


def evaluate(wire: Wire, server: LoopbackServer, folder: Path, *words: str) -> Run:
    """Run `inspect eval` on the exam and a model behind a wire, as a user types it.

    Args:
        wire: The provider.
        server: The service that plays the model.
        folder: Where the run writes.
        words: More of the command line.
    """
    command = ["eval", "cheating_evals.py", "--model", wire.model, *words]
    command += ["--log-dir", str(folder / "logs"), "--display", "plain"]
    given = {wire.key: KEY, wire.url: server.base_url}
    return carried_out("inspect_ai", *command, folder=folder, given=given)


def evaluate_all(
    exams: Mapping[str, tuple[LoopbackServer, int]], folder: Path, **options: object
) -> Run:
    """Run the exam on the models behind several wires, all in one process.

    Args:
        exams: By the name of a wire, the service that plays its model and how many
            samples it takes.
        folder: Where the run writes.
        options: More of `eval`'s own.
    """
    given = {WIRES[name].key: KEY for name in exams}
    orders = [
        {
            "name": name,
            "model": WIRES[name].model,
            "arguments": WIRES[name].arguments,
            "variable": WIRES[name].url,
            "address": server.base_url,
            "runs": runs,
        }
        for name, (server, runs) in exams.items()
    ]
    options = {"log_dir": str(folder / "logs"), "display": "plain", **options}
    return carried_out(
        "tests.providers",
        folder=folder,
        given=given,
        text=json.dumps({"exams": orders, "options": options}),
    )
