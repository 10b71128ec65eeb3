"""What is to be run, and the environment that it would find."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

LOG_DIR = "INSPECT_LOG_DIR"
MODEL = "INSPECT_EVAL_MODEL"
# Names of variables whose values are never shown.
SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")
# What is shorter would be found in ordinary words, and is no key.
SHORTEST_SECRET = 6


@dataclass(frozen=True)
class Setting:
    """What is to be run.

    Attributes:
        sandbox: Kind of the sandbox: `docker`, `local` or `k8s`.
        named: The model, or several with commas between them; None where none was
            named.
        folder: Where the command is typed.
    """

    sandbox: str
    named: str | None
    folder: Path

    @cached_property
    def dotenv(self) -> Path | None:
        """The file with settings: the nearest, as Inspect looks for it; or None."""
        for folder in (self.folder, *self.folder.parents):
            if (folder / ".env").is_file():
                return folder / ".env"
        return None

    @cached_property
    def written(self) -> Mapping[str, str]:
        """What that file sets; nothing where it cannot be read."""
        from dotenv import dotenv_values

        if self.dotenv is None:
            return {}
        try:
            values = dotenv_values(self.dotenv)
        except (OSError, UnicodeDecodeError):
            return {}
        return {name: value for name, value in values.items() if value is not None}

    @cached_property
    def added(self) -> Mapping[str, str]:
        """What that file sets and nobody has exported."""
        return {k: v for k, v in self.written.items() if k not in os.environ}

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """What a run would find; what is exported counts more than the file."""
        return {**self.added, **os.environ}

    @property
    def model(self) -> str | None:
        """The model: the one that was named, or the one that is set."""
        return self.named or self.environment.get(MODEL) or None

    @property
    def log_dir(self) -> str:
        """Where logs go: a path, or a URL.

        What the file says is relative to the file, anything else to the folder in
        which the command is typed.
        """
        text = self.environment.get(LOG_DIR) or "logs"
        if "://" in text:
            return text
        from_file = text == self.written.get(LOG_DIR) and self.dotenv is not None
        base = self.dotenv.parent if from_file and self.dotenv else self.folder
        return str((base / text).resolve())

    def redacted(self, text: str) -> str:
        """Take the values of secrets out of a text."""
        secrets = {
            value.strip(): name
            for name, value in self.environment.items()
            if any(word in name.upper() for word in SECRET)
            and len(value.strip()) >= SHORTEST_SECRET
        }
        for value in sorted(secrets, key=len, reverse=True):
            text = text.replace(value, f"${secrets[value]}")
        return text

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Let what is done meanwhile find that environment."""
        os.environ.update(self.added)
        try:
            yield
        finally:
            for name in self.added:
                os.environ.pop(name, None)
