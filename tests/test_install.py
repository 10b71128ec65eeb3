"""The package as a stranger installs it: a wheel, what it declares, and any folder.

The wheel is put into a fresh virtual environment beside what its metadata asks for,
and nothing else: of each distribution that the base install needs, directly or not, the
files are linked from this environment, so no index is asked. What is not declared is
missing there, and so are the extras.
"""

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import pytest
from inspect_ai.log import list_eval_logs, read_eval_log
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from proctor.checks.machine import local_problem
from proctor.cli import extra_with
from proctor.models.scripted import PERSONAS
from proctor.room.files import ROOT

LOCAL = pytest.mark.skipif(
    bool(local_problem()), reason="needs what a local room needs"
)
# What a module is imported as, where it is not called as its distribution.
CALLED = {"dotenv": "python-dotenv", "k8s_sandbox": "inspect-k8s-sandbox"}


def needed(found: Distribution, extras: tuple[str, ...] = ()) -> Iterator[Requirement]:
    """Yield what a distribution with some of its extras asks for."""
    for text in found.requires or []:
        requirement = Requirement(text)
        if not requirement.marker or any(
            requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
        ):
            yield requirement


def closure(first: Distribution) -> dict[str, Distribution]:
    """Return all distributions that one needs, directly or not, by name."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, tuple[str, ...]]] = set()
    open_ends = list(needed(first))
    while open_ends:
        wanted = open_ends.pop()
        key = canonicalize_name(wanted.name), tuple(sorted(wanted.extras))
        if key not in seen:
            seen.add(key)
            found[key[0]] = distribution(key[0])
            open_ends += needed(found[key[0]], key[1])
    return found


class Installed:
    """A virtual environment with the wheel, and a folder to work in."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "ein Ördner, 试卷"
        self.folder.mkdir()
        venv = root / "a venv, ü"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
        offline = ["--no-deps", "--no-index"]
        build = ["wheel", *offline, "--no-build-isolation", "-w", str(root), str(ROOT)]
        subprocess.run([*pip, *build], check=True)
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", venv], check=True
        )
        self.bin = venv / "bin"
        [wheel] = root.glob("proctor-*.whl")
        into = ["--python", str(self.bin / "python"), "install", *offline, str(wheel)]
        subprocess.run([*pip, *into], check=True)
        [self.packages] = venv.glob("lib/python*/site-packages")
        self.own = {path.name for path in self.packages.iterdir()}
        [self.metadata] = distributions(name="proctor", path=[str(self.packages)])
        for each in closure(self.metadata).values():
            self._link(each)
        for path in (self.packages, *self.packages.glob("proctor*/**/*")):
            path.chmod(path.stat().st_mode & ~0o222)
        self.before = self.files()

    def _link(self, each: Distribution) -> None:
        for name in {file.parts[0] for file in each.files or []}:
            target = Path(str(each.locate_file(name)))
            place = self.packages / name
            if name not in ("..", "__pycache__") and not place.exists():
                place.symlink_to(target)

    def files(self) -> dict[str, int]:
        """Say what lies in the package, and when it was changed."""
        found = self.packages.glob("proctor*/**/*")
        return {str(path): path.stat().st_mtime_ns for path in found}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start one of the environment's commands, without anything of the clone's."""
        path = f"{self.bin}:{os.environ['PATH']}"
        kept = {k: os.environ[k] for k in ("DOCKER_HOST", "HOME") if k in os.environ}
        command = (
            ["-m", "inspect_ai"] if words[0] == "inspect" else [self.bin / words[0]]
        )
        return subprocess.Popen(
            [self.bin / "python", *command, *words[1:]],
            cwd=self.folder,
            env={**kept, "PATH": path, "LANG": "C", "LC_ALL": "C", "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def run(self, *words: str) -> tuple[int, str]:
        """Run a command; returns its exit status and what it printed."""
        process = self.start(*words)
        said, _ = process.communicate(timeout=300)
        return process.returncode, said


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    made = Installed(tmp_path_factory.mktemp("install"))
    yield made
    assert made.files() == made.before, "something was written into site-packages"


def test_a_wheel_puts_nothing_but_the_package_into_site_packages(
    installed: Installed,
) -> None:
    """A loose `sandbox.py` would be found by whoever imports a module of that name."""
    assert {name.partition("-")[0] for name in installed.own} == {"proctor"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("local", marks=LOCAL),
    ],
)
def test_the_task_runs_in_any_folder(kind: str, installed: Installed) -> None:
    played = ("sceptic", "sed_key")
    logs = installed.folder / f"lögs {kind}"
    status, said = installed.run(
        *("inspect", "eval", "proctor/cheating_evals"),
        *("--model", ",".join(f"scripted/{name}" for name in played)),
        *("--model-role", "grader=scripted/grader", "--display", "plain"),
        *("-T", "runs=1", "-T", f"sandbox={kind}", "--log-dir", str(logs)),
    )
    assert status == 0, said
    assert "Traceback" not in said, said
    verdicts = {}
    for info in list_eval_logs(str(logs)):
        log = read_eval_log(info.name)
        [sample] = log.samples or []
        verdicts[log.eval.model] = (sample.scores or {})["audit"].value
        assert log.results and "cheating_rate" in log.results.scores[0].metrics
    assert verdicts == {f"scripted/{name}": PERSONAS[name].verdict for name in played}


@LOCAL
@pytest.mark.slow
def test_the_demo_says_how_long_and_shows_the_first_verdict_soon(
    installed: Installed,
) -> None:
    begun = time.monotonic()
    demo = installed.start("proctor", "demo", "--sandbox", "local")
    assert demo.stdout
    said = []
    for line in demo.stdout:
        said.append(line)
        if line.startswith(("yes", "no ")):
            break
    seconds = time.monotonic() - begun
    demo.send_signal(signal.SIGINT)
    rest, _ = demo.communicate(timeout=60)
    assert said[-1].startswith("yes"), "".join(said) + rest
    assert f"{len(PERSONAS)} agents, about " in "".join(said)
    assert seconds < 120  # fifteen on idle cores; here others work, too
    assert demo.returncode != 0 and "Traceback" not in rest


def test_doctor_and_personas_need_the_base_install_alone(installed: Installed) -> None:
    assert installed.run("proctor", "personas")[0] == 0
    _, said = installed.run(
        *("proctor", "doctor", "--model", "scripted/mixed", "--sandbox", "local")
    )
    for name in ("Python", "proctor", "Packages", "Model"):
        assert any(line.split()[:2] == ["ok", name] for line in said.splitlines()), said


@pytest.mark.parametrize("words", [["report", "LOGS"], ["plan", "--model", "none/x"]])
def test_a_missing_extra_is_one_line(words: list[str], installed: Installed) -> None:
    said = installed.run(
        "proctor", *(str(ROOT / "logs") if w == "LOGS" else w for w in words)
    )
    assert said[0] == 1 and len(said[1].splitlines()) == 1, said
    assert said[1].startswith(f"Error: `proctor {words[0]}` needs the package ")
    assert said[1].endswith(": pip install 'proctor[report]'\n")


def test_each_package_of_an_extra_leads_to_it() -> None:
    for module, extra in (
        ("matplotlib", "report"),
        ("textual", "review"),
        ("inspect_ai", None),
        ("nobody", None),
    ):
        assert extra_with(module) == extra


def test_whatever_is_imported_is_declared() -> None:
    """In the base install or in an extra; the runs above prove the base."""
    declared = {
        canonicalize_name(Requirement(text).name)
        for text in distribution("proctor").requires or []
        if "dev" not in str(Requirement(text).marker)
    }
    for path in [ROOT / "cheating_evals.py", *(ROOT / "proctor").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in {name.partition(".")[0] for name in names}:
                if name not in (*sys.stdlib_module_names, "proctor"):
                    wanted = canonicalize_name(CALLED.get(name, name))
                    assert wanted in declared, f"{path} imports {name}"
