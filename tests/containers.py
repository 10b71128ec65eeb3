"""A sandbox for exams that are not about Inspect's own Docker sandbox.

The same container by the engine's interface: Compose takes eight commands for it, and
several times as long.
"""

from contextlib import ExitStack
from typing import Any
from uuid import uuid4

from anyio.to_thread import run_sync
from inspect_ai.util import ExecResult, SandboxEnvironment, sandboxenv

from tests.box import Box

NAME = "container"
_model = ExitStack()


@sandboxenv(name=NAME)
class ContainerSandbox(SandboxEnvironment):
    """One container for each sample, as `compose.yaml` describes it."""

    _first: Box  # which has the settings of all

    def __init__(self, box: Box) -> None:
        self.box = box

    @classmethod
    async def task_init(cls, *_: Any) -> None:
        cls._first = _model.enter_context(Box.up())

    @classmethod
    async def task_cleanup(cls, *_: Any) -> None:
        _model.close()

    @classmethod
    async def sample_init(cls, *_: Any) -> dict[str, SandboxEnvironment]:
        name = f"{cls._first.project}-{uuid4().hex[:8]}"
        return {"default": cls(await run_sync(cls._first.another, name))}

    @classmethod
    async def sample_cleanup(
        cls, _task: str, _config: Any, environments: dict[str, Any], _cut: bool
    ) -> None:
        for environment in environments.values():
            await run_sync(environment.box.remove)

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        assert cwd is None and not env and not isinstance(input, bytes)
        return await self.box.exec(cmd, input, user, timeout, timeout_retry)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        raise NotImplementedError

    async def read_file(self, file: str, text: bool = True) -> Any:
        raise NotImplementedError
