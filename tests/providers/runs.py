"""`inspect eval` as a user types it, with a key and a service on this machine."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
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
LIMIT = 300


@dataclass(frozen=True)
class Wire:
    """A provider as a user reaches it.

    Attributes:
        name: What the test is called.
        model: Value of `--model`.
        key: The environment variable that holds the key.
        url: The environment variable that says where the service is.
        server: Makes the service.
        arguments: More of the command line.
    """

    name: str
    model: str
    key: str
    url: str
    server: Callable[[Script, str], LoopbackServer]
    arguments: tuple[str, ...] = ()


_OPENAI = ("OPENAI_API_KEY", "OPENAI_BASE_URL", OpenAIServer)
_GOOGLE = ("GOOGLE_API_KEY", "GOOGLE_BASE_URL", GoogleServer)
_MISTRAL = ("MISTRAL_API_KEY", "MISTRAL_BASE_URL", MistralServer)
_ANTHROPIC = ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", AnthropicServer)
STREAM = ("-M", "streaming=true")

WIRES = {
    wire.name: wire
    for wire in (
        Wire("openai", "openai/gpt-4o", *_OPENAI),
        Wire("responses", "openai/gpt-5.1", *_OPENAI, ("-M", "responses_api=true")),
        Wire("anthropic", "anthropic/claude-sonnet-4-6", *_ANTHROPIC),
        Wire("google", "google/gemini-2.5-pro", *_GOOGLE),
        Wire("mistral", "mistral/mistral-medium-latest", *_MISTRAL),
        Wire("openai-stream", "openai/gpt-4o", *_OPENAI, STREAM),
        Wire("google-stream", "google/gemini-2.5-pro", *_GOOGLE, STREAM),
        Wire(
            "mistral-stream",
            "mistral/mistral-medium-latest",
            *_MISTRAL,
            (*STREAM, "-M", "conversation_api=false"),
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

    def log(self) -> EvalLog:
        """Return the run's only log."""
        (path,) = (self.folder / "logs").glob("*.eval")
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


def evaluate(
    wire: Wire, server: LoopbackServer, folder: Path, *words: str, key: str = KEY
) -> Run:
    """Run the exam on a model behind a wire.

    Args:
        wire: The provider.
        server: The service that plays the model.
        folder: Where the run writes, Inspect's own trace files included.
        words: More of the command line.
        key: The key that is shown to the service.
    """
    command = [sys.executable, "-m", "inspect_ai", "eval", "cheating_evals.py"]
    command += ["--model", wire.model, *wire.arguments, *words]
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if not any(part in name.upper() for part in FOREIGN)
    }
    surroundings |= {wire.key: key, wire.url: server.base_url, "COLUMNS": "400"}
    surroundings |= {"NO_PROXY": "127.0.0.1", "XDG_DATA_HOME": str(folder / "data")}
    done = subprocess.run(
        [*command, "--log-dir", str(folder / "logs"), "--display", "plain"],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    return Run(done.returncode, done.stdout + done.stderr, folder)
