"""`proctor doctor`: what is wrong is said before a run, and nothing that is right."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from proctor.checks import docker, machine, model
from proctor.checks.check import Check, Outcome, Result, carry_out, ok, problem
from proctor.checks.commands import Said, ask
from proctor.checks.docker import COMPOSE
from proctor.checks.doctor import CHECKS
from proctor.checks.setting import Setting
from proctor.cli import doctor as doctor_command
from proctor.cli import main
from proctor.room.files import ROOT
from tests.box import Box

SECRET = "sk-7hd83jf93kd0"
MODULES = {"google": "google.genai", "mistral": "mistralai"}
VARIABLES = [name for names in model.KEYS.values() for name in names]


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have keys and settings of their own."""
    for name in (*VARIABLES, "INSPECT_EVAL_MODEL", "INSPECT_LOG_DIR"):
        monkeypatch.delenv(name, raising=False)


def setting(folder: Path, named: str | None = None, sandbox: str = "docker") -> Setting:
    return Setting(sandbox, named, folder)


# --- carrying checks out ----------------------------------------------------------


def test_a_check_that_hangs_breaks_or_lacks_a_package_is_one_line(
    tmp_path: Path,
) -> None:
    """Whatever one of them meets, the others are made, and nothing counts as good."""
    never = threading.Event()

    def hang(setting: Setting) -> Result:
        never.wait()
        return ok("")

    def fail(setting: Setting) -> Result:
        raise ValueError("surprise")

    def lack(setting: Setting) -> Result:
        raise ModuleNotFoundError("No module named 'nobody'")

    def good(setting: Setting) -> Result:
        return ok("fine")

    checks = [
        Check("hang", "Hang", hang, limit=0.05),
        Check("fail", "Fail", fail),
        Check("lack", "Lack", lack),
        Check("good", "Good", good),
        Check("later", "Later", good, after=("good", "fail")),
        Check("elsewhere", "Elsewhere", good, kinds=("k8s",)),
    ]
    found = {d.check.name: d.result for d in carry_out(checks, setting(tmp_path))}
    never.set()
    assert found["hang"] == problem("no answer within 0.05 seconds")
    assert "ValueError('surprise')" in found["fail"].text
    assert found["lack"].advice == "install what is missing: pip install proctor"
    assert found["good"] == ok("fine")
    assert found["later"].outcome is Outcome.SKIPPED
    assert found["later"].text == "not looked at: needs fail"
    assert "elsewhere" not in found


def test_the_table_is_in_order() -> None:
    """A check can only rest on one that was made before it, for the same sandbox."""
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    for check in CHECKS:
        for needed in check.after:
            assert needed in names[: names.index(check.name)]
            assert set(check.kinds) <= set(CHECKS[names.index(needed)].kinds)


def test_a_command_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path,
) -> None:
    """Docker's plugins hold the pipes open; what waits for those waits for ever."""
    pid = tmp_path / "pid"
    said = ask(["sh", "-c", f"sleep 60 & echo $! > {pid}; wait"], 0.5)
    assert said.hung and said.status is None and not said.good
    child = Path("/proc") / pid.read_text().strip() / "stat"
    end = time.monotonic() + 10  # of a busy kernel
    while child.exists() and child.read_text().split()[2] != "Z":
        assert time.monotonic() < end, "it outlives the command"
        time.sleep(0.02)


def test_how_a_command_ended() -> None:
    for command, good, last in (
        (["sh", "-c", "echo one; echo two"], True, "two"),
        (["sh", "-c", "echo one; echo why >&2; exit 3"], False, "why"),
        (["true"], False, ""),
        (["/nowhere/docker"], False, "[Errno 2] No such file"),
    ):
        said = ask(command, 20)
        assert said.good is good
        assert said.last_line.startswith(last)


# --- packages, settings, folders --------------------------------------------------


def test_packages_are_held_against_the_bounds_of_the_installation() -> None:
    asked = [
        *machine.wanted(
            [
                "rich<16,>=13",
                "pytest<2",
                "no-such-package>=1",
                "no-such-extra>=1; extra == 'google'",
            ]
        )
    ]
    assert [name for name, _ in asked] == ["rich", "pytest", "no-such-package"]
    old, missing = machine.lacking(asked)
    assert old.startswith("pytest ") and old.endswith(", and <2 is needed")
    assert missing == "no-such-package is missing"


def test_a_file_with_settings(tmp_path: Path) -> None:
    """A key in it is warned of in the repository, and shown nowhere."""
    for text, outcome, said in (
        ("INSPECT_LOG_DIR=./logs\n", "ok", ".env"),
        ("A=1\nthis is no setting\n", "problem", "line 2 cannot be read"),
        ("A=\udcff", "problem", "cannot be read"),
        (f"OPENAI_API_KEY={SECRET}\n", "ok", ".env"),
    ):
        (tmp_path / ".env").write_bytes(text.encode("utf-8", "surrogateescape"))
        result = machine.dotenv(setting(tmp_path))
        assert (result.outcome, said in result.text) == (outcome, True), result
    (tmp_path / "compose.yaml").touch()
    result = machine.dotenv(setting(tmp_path))
    assert result.outcome is Outcome.WARNING
    assert "OPENAI_API_KEY" in result.text and SECRET not in repr(result)


def test_settings_are_found_as_inspect_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearest file only; what is exported counts more; a path is the file's."""
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    given = "INSPECT_LOG_DIR=./kept\nINSPECT_EVAL_MODEL=scripted/mixed\n"
    (tmp_path / "a" / ".env").write_text(given)
    (tmp_path / ".env").write_text("INSPECT_EVAL_MODEL=scripted/guesser\n")
    assert setting(below).model == "scripted/mixed"
    assert setting(below).log_dir == str(tmp_path / "a" / "kept")
    assert setting(below, "openai/gpt-5").model == "openai/gpt-5"
    monkeypatch.setenv("INSPECT_EVAL_MODEL", "scripted/sed_key")
    monkeypatch.setenv("INSPECT_LOG_DIR", "elsewhere")
    assert setting(below).model == "scripted/sed_key"
    assert setting(below).log_dir == str(below / "elsewhere")
    monkeypatch.setenv("INSPECT_LOG_DIR", "s3://bucket/logs")
    assert setting(below).log_dir == "s3://bucket/logs"


def test_what_is_set_for_the_checks_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PROCTOR_TEST_SETTING=1\n")
    given = setting(tmp_path)
    with given.applied():
        assert os.environ["PROCTOR_TEST_SETTING"] == "1"
    assert "PROCTOR_TEST_SETTING" not in os.environ


def test_a_log_folder_is_tried_out_and_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    assert machine.log_dir_problem(str(tmp_path / "new" / "logs")) is None
    assert not (tmp_path / "new").exists()
    assert machine.log_dir_problem("s3://bucket/logs") is None
    for name in ("/proc/nope", "/proc", str(tmp_path / "file" / "logs")):
        said = machine.log_dir_problem(name)
        assert said is not None and "cannot be written to" in said
        assert said.endswith("name another with --log-dir.")
    monkeypatch.setattr(machine, "free_space", lambda folder: 5 * machine.MIB)
    assert str(machine.log_dir_problem(str(tmp_path))).startswith("Only 5 MiB are free")
    assert machine.log_dir(setting(tmp_path)).outcome is Outcome.PROBLEM


# --- models -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "outcome", "said"),
    [
        (None, "skipped", "none was named"),
        ("scripted/mixed", "ok", "scripted/mixed"),
        ("openai/gpt-5, scripted/mixed", "ok", "openai/gpt-5; scripted/mixed"),
        ("openai/", "problem", "names no model"),
        ("opnai/gpt-5", "problem", "not recognized. Did you mean openai/gpt-5?"),
        ("gpt-5", "problem", "did you mean openai/gpt-5?"),
        ("zzz", "problem", "write PROVIDER/NAME"),
        ("scripted/nobody", "problem", "is no persona"),
        ("scripted/grader", "problem", "only grades"),
        ("none", "problem", "names no provider"),
        ("hf/some/weights", "warning", "is not looked at"),
    ],
)
def test_a_model_that_cannot_be_made_is_told_with_what_was_meant(
    named: str | None, outcome: str, said: str, tmp_path: Path
) -> None:
    result = model.client(setting(tmp_path, named))
    assert result.outcome == outcome, result
    assert said in f"{result.text} {result.advice}"


@pytest.mark.parametrize("provider", MODULES)
def test_a_missing_client_comes_with_the_extra_that_installs_it(
    provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, MODULES[provider], None)
    result = model.client(setting(tmp_path, f"{provider}/some-model"))
    assert result.outcome is Outcome.PROBLEM
    assert "requires optional dependencies" in result.text
    assert result.advice == f"pip install 'proctor[{provider}]'"


@pytest.mark.parametrize("provider", model.KEYS)
def test_a_key_is_there_or_is_asked_for_and_never_shown(
    provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if provider in MODULES:
        pytest.importorskip(MODULES[provider], reason=f"needs the extra {provider}")
    variable = model.KEYS[provider][0]
    given = setting(tmp_path, f"{provider}/some-model")
    assert model.client(given).outcome is Outcome.OK, "a key is not the client's matter"
    missing = model.key(given)
    assert missing.outcome is Outcome.PROBLEM
    assert variable in missing.text and missing.advice == f"export {variable}=..."
    monkeypatch.setenv(variable, SECRET)
    there = model.key(setting(tmp_path, f"{provider}/some-model"))
    assert there == ok(f"{variable} is set by the environment")
    for broken in ("", "  ", f"{SECRET} ", f'"{SECRET}"', f"{SECRET}\n"):
        monkeypatch.setenv(variable, broken)
        result = model.key(setting(tmp_path, f"{provider}/some-model"))
        assert result.outcome is Outcome.PROBLEM, broken
        assert SECRET not in repr(result)


def test_a_key_in_the_file_with_settings_counts(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"ANTHROPIC_API_KEY={SECRET}\n")
    given = setting(tmp_path, "anthropic/claude")
    with given.applied():
        assert model.key(given) == ok(f"ANTHROPIC_API_KEY is set in {given.dotenv}")


# --- Docker -----------------------------------------------------------------------

SEEN = '1700000000.1 execve("/bin/true", ["/bin/true"], []) = 0\n'


def test_a_room_in_which_the_recorder_would_be_blind() -> None:
    refused = "strace: PTRACE_TRACEME: Operation not permitted\n"
    # as gVisor does under --seccomp-bpf: the file is there, and no start in it
    blind = "1700000000.1 exit_group(0) = ?\n"
    for said, outcome, text in (
        (Said(0, SEEN, ""), "ok", "was seen"),
        (Said(1, "", refused), "problem", "Operation not permitted"),
        (Said(0, blind, ""), "problem", "does not see programs start"),
        (Said(0, "", ""), "problem", "cannot be watched"),
    ):
        result = docker.judged(said)
        assert (result.outcome, text in result.text) == (outcome, True), result


def test_memory() -> None:
    for total, sandboxes, outcome, advice in (
        (8 * machine.GIB, 4, "ok", ""),
        (machine.GIB, 4, "warning", "add --max-sandboxes 2"),
        (machine.GIB // 4, 4, "problem", ""),
        (0, 4, "ok", ""),
    ):
        result = docker.enough_memory(total, machine.GIB // 2, sandboxes)
        assert (result.outcome, result.advice) == (outcome, advice)


def test_what_is_left_over_comes_with_what_to_type() -> None:
    assert docker.of_earlier_runs({}).outcome is Outcome.OK
    name = "inspect-cheating_eva-iabc123"
    result = docker.of_earlier_runs(
        {name: {"container": 2, "volume": 1}, "inspect-zz-iabc124": {"container": 1}}
    )
    assert result.outcome is Outcome.WARNING
    assert result.text.startswith("3 containers, 1 volume of 2 sandboxes")
    assert f"inspect sandbox cleanup docker {name}" in result.advice
    # Inspect's own command does not find these
    result = docker.of_earlier_runs({name: {"network": 1}})
    assert "docker network rm $(docker network ls -q --filter label=" in result.advice


@pytest.fixture
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An engine that takes every call and never answers: the kernel accepts for it."""
    path = tmp_path_factory.mktemp("e") / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        yield f"unix://{path}"


def run(*words: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Run the command; return its record, whose status must fit, and its checks."""
    done = CliRunner().invoke(main, ["doctor", "--json", *words])
    assert not done.exception or isinstance(done.exception, SystemExit)
    record: dict[str, Any] = json.loads(done.output)
    assert done.exit_code == (0 if record["ready"] else 1)
    return record, {check["name"]: check for check in record["checks"]}


@pytest.mark.docker
@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("silent", "does not answer within 1 seconds: restart it"),
        ("tcp://127.0.0.1:9", "No Docker engine answers at DOCKER_HOST=tcp"),
        ("unix:///nowhere/docker.sock", "No Docker engine answers at DOCKER_HOST=unix"),
    ],
)
def test_an_engine_that_hangs_or_is_not_there_hangs_nothing(
    host: str, said: str, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proctor.checks.docker.QUICK", 1)
    monkeypatch.setenv("DOCKER_HOST", silent if host == "silent" else host)
    record, checks = run()
    assert not record["ready"]
    assert said in checks["engine"]["text"]
    assert checks["engine"]["seconds"] < 15
    later = [c for c in checks.values() if c["text"].startswith("not looked at")]
    assert {"image", "strace", "ptrace", "disk", "memory", "left_over"} <= {
        check["name"] for check in later
    }


@pytest.mark.docker
def test_an_engine_that_stops_in_the_middle_hangs_nothing(
    silent: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It may answer the first question and no other."""
    monkeypatch.setattr(docker, "QUICK", 0.5)
    monkeypatch.setenv("DOCKER_HOST", silent)
    for look in (docker.disk, docker.memory, docker.left_over, docker.runtime):
        checks = [Check("one", "One", look)]
        (done,) = carry_out(checks, setting(tmp_path))
        assert done.result.outcome is Outcome.PROBLEM
        assert "no answer within 0.5 seconds" in done.result.text
        assert done.seconds < 8


@pytest.mark.docker
@pytest.mark.slow
def test_where_all_is_well_the_task_would_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a real engine, image, tracer; and a container left behind by a run."""
    subprocess.run(
        ["docker", "compose", "-f", str(COMPOSE), "build"],
        check=True,
        capture_output=True,
    )
    project = f"inspect-doctor-i{os.getpid():06}"
    made = ask(
        [
            *("docker", "create", "--network", "none"),
            *("--label", f"com.docker.compose.project={project}"),
            *(docker.room()["image"], "true"),
        ],
        60,
    ).last_line
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path / "logs"))
    try:
        record, checks = run("--model", "scripted/mixed")
    finally:
        subprocess.run(["docker", "rm", made], check=True, capture_output=True)
    assert record["ready"], record
    docker_checks = [c.name for c in CHECKS if "docker" in c.kinds]
    assert list(checks) == docker_checks
    for name in ("engine", "image", "strace", "ptrace", "model", "key", "packages"):
        assert checks[name]["outcome"] == "ok", checks[name]
    assert checks["left_over"]["outcome"] == "warning"
    assert "inspect sandbox cleanup docker" in checks["left_over"]["advice"]
    assert not (tmp_path / "logs").exists()


@pytest.mark.docker
@pytest.mark.parametrize("name", ["as it is", "no ptrace", "no rights"])
def test_a_room_in_which_nothing_can_be_watched_is_found(
    name: str, container: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A hardened engine takes rights away without a word; here the file does.

    The container is not used; with it, the image is there.
    """
    text = COMPOSE.read_text()
    if name == "no ptrace":
        rule = {"names": ["ptrace"], "action": "SCMP_ACT_ERRNO"}
        profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}
        (tmp_path / "seccomp.json").write_text(json.dumps(profile))
        given = "- no-new-privileges:true\n"
        text = text.replace(given, f"{given}      - seccomp:seccomp.json\n")
    elif name == "no rights":
        text = text.replace("      - SYS_PTRACE", "      # SYS_PTRACE")
    assert (text == COMPOSE.read_text()) == (name == "as it is")
    (tmp_path / "compose.yaml").write_text(text)
    monkeypatch.setattr("proctor.checks.docker.COMPOSE", tmp_path / "compose.yaml")
    result = docker.ptrace(setting(tmp_path))
    wanted = Outcome.OK if name == "as it is" else Outcome.PROBLEM
    assert result.outcome is wanted, result
    assert name == "as it is" or "cannot be watched" in result.text, result


@pytest.mark.docker
def test_an_image_that_is_not_there_or_holds_no_tracer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    room = {"image": "proctor-no-such-image:1"}
    monkeypatch.setattr(docker, "room", lambda: room)
    given = setting(tmp_path)
    missing = docker.image(given)
    assert missing.outcome is Outcome.WARNING, "the first run builds it"
    assert "docker compose -f" in missing.advice
    assert docker.tracer(given).outcome is Outcome.SKIPPED
    assert docker.ptrace(given).outcome is Outcome.SKIPPED
    # the room's image is built on this one, which has no strace
    room["image"] = "debian:bookworm-slim"
    if docker.image(given).outcome is not Outcome.OK:
        pytest.skip("debian:bookworm-slim is not on this engine")
    result = docker.tracer(given)
    assert result.outcome is Outcome.PROBLEM
    assert "strace does not run in debian:bookworm-slim" in result.text


# --- the command ------------------------------------------------------------------


def test_a_local_room_is_for_scripted_models() -> None:
    _, checks = run("--sandbox", "local", "--model", "openai/gpt-5")
    assert "engine" not in checks
    assert checks["local"]["outcome"] == "problem"


def test_the_report_shows_no_secret_and_no_markup(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What an engine or a client says may hold anything."""
    monkeypatch.setenv("SOME_API_KEY", SECRET)

    def hostile(setting: Setting) -> Result:
        return problem(f"[bold]{SECRET}[/bold] \x1b[31m\u202e", f"[link=x]{SECRET}")

    monkeypatch.setattr("proctor.checks.doctor.CHECKS", (Check("one", "One", hostile),))
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(main, ["doctor"])
    assert shown.exit_code == 1
    kept = CliRunner().invoke(main, ["doctor", "--json"])
    for text in (shown.output, kept.output):
        assert SECRET not in text
        assert "$SOME_API_KEY" in text
        assert "\x1b" not in text and "\u202e" not in text
    assert "[bold]" in shown.output and "[link=x]" in shown.output
    assert "The task would not run: 1 problem." in shown.output


def test_the_command_line_is_quick_and_documents_its_record() -> None:
    """Nothing is imported before a check needs it."""
    code = "import sys, proctor.cli; assert 'inspect_ai' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    text = CliRunner().invoke(main, ["doctor", "--help"]).output
    record, _ = run("--sandbox", "k8s")
    for key in (*record, *record["checks"][0]):
        assert key in text
    assert set(doctor_command.MARKS) == {str(outcome) for outcome in Outcome}
