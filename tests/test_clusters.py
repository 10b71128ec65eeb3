"""The room on a cluster: the same as in Docker, as far as that can be told without one.

The values file is compared with `compose.yaml` and with the chart's own schema, and
what it makes of the room is built in Docker and sat an exam in.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import k8s_sandbox
import pytest
import yaml
from inspect_ai import eval as inspect_eval
from inspect_ai import task_with

from cheating_evals import cheating_evals
from proctor.checks.preflight import COMPOSE
from proctor.models.scripted import PERSONAS
from proctor.room.files import ROOT
from proctor.taxonomy import verdict_of

VALUES = ROOT / "proctor" / "sandbox" / "kubernetes-values.yaml"
CHART = Path("k8s_sandbox/resources/helm/agent-env")
UNITS = {"m": 2**20, "Mi": 2**20, "g": 2**30, "Gi": 2**30}


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text())["services"]["default"])


def values() -> dict[str, Any]:
    return dict(yaml.safe_load(VALUES.read_text()))


def service() -> dict[str, Any]:
    return dict(values()["services"]["default"])


def size(text: str) -> int:
    """Read a size in either notation."""
    match = re.fullmatch(r"(\d+)(m|Mi|g|Gi)", text)
    assert match, text
    return int(match[1]) * UNITS[match[2]]


def folders_of_compose() -> dict[str, int]:
    """Return the size of each folder that can be written to, in bytes."""
    found = {}
    for entry in compose()["tmpfs"]:
        path, _, options = entry.partition(":")
        [limit] = re.findall(r"\bsize=(\w+)", options)
        found[path] = size(limit)
    return found


def folders_of_cluster() -> dict[str, int]:
    volumes = {v["name"]: v["emptyDir"] for v in service()["volumes"]}
    # on a disk they would be slow, and outside the memory limit
    assert {volume["medium"] for volume in volumes.values()} == {"Memory"}
    return {
        mount["mountPath"]: size(volumes[mount["name"]]["sizeLimit"])
        for mount in service()["volumeMounts"]
    }


def test_both_rooms_have_the_same_rights() -> None:
    """A right more, and the agent may reach the recorder; one less, and it is blind."""
    docker, context = compose(), service()["securityContext"]
    assert context["capabilities"]["drop"] == docker["cap_drop"] == ["ALL"]
    assert context["capabilities"]["add"] == docker["cap_add"]
    assert context["readOnlyRootFilesystem"] is docker["read_only"] is True
    assert "no-new-privileges:true" in docker["security_opt"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["privileged"] is False and "privileged" not in docker
    # Docker has a filter of its own unless told otherwise
    assert not [o for o in docker["security_opt"] if "seccomp" in o]
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}


def test_both_rooms_have_the_same_size() -> None:
    """Else a run that fits in one of them fails in the other."""
    docker, given = compose(), service()["resources"]
    assert size(given["limits"]["memory"]) == size(docker["mem_limit"])
    assert float(given["limits"]["cpu"]) == docker["cpus"]
    assert given["requests"] == given["limits"]
    assert folders_of_cluster() == folders_of_compose()
    assert service()["workingDir"] == docker["working_dir"]
    assert service()["image"].rpartition("/")[2] == docker["image"]


def test_no_room_has_a_network() -> None:
    """An agent with a network could ask somebody else."""
    assert compose()["network_mode"] == "none"
    assert service()["networkIsolated"] is True
    given = values()
    assert [key for key in given if key != "services"] == []  # none that allows any
    assert list(given["services"]) == ["default"]
    assert not {"networks", "ports", "dnsRecord", "additionalDnsRecords"} & set(
        service()
    )


def test_the_runtime_is_one_that_the_recorder_can_see_through() -> None:
    """The chart's default, gVisor, loses the start of programs from the recording."""
    assert service()["runtimeClassName"] == "runc"


def test_the_chart_accepts_the_values() -> None:
    """What its schema refuses is found only when a run starts, on every sample."""
    chart = Path(k8s_sandbox.__file__).parent.parent / CHART
    schema = json.loads((chart / "values.schema.json").read_text())
    defaults = yaml.safe_load((chart / "values.yaml").read_text())
    jsonschema.validate(merged(defaults, values()), schema)
    broken = merged(values(), {"services": {"default": {"securtyContext": {}}}})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(merged(defaults, broken), schema)


def merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Lay values over the chart's own, as Helm does."""
    result = dict(base)
    for key, value in more.items():
        known = result.get(key)
        both = isinstance(known, dict) and isinstance(value, dict)
        result[key] = merged(known, value) if both else value
    return result


def as_compose(given: dict[str, Any]) -> dict[str, Any]:
    """Write a service of the chart's as Docker would be told the same.

    An `emptyDir` belongs to root and is open to all; its limits are the only options
    that it has.
    """
    context = given["securityContext"]
    return {
        "image": compose()["image"],
        "x-local": True,
        "entrypoint": given["command"],
        # Compose reads `$` as its own
        "command": [word.replace("$", "$$") for word in given["args"]],
        "init": False,
        "stop_grace_period": "1s",
        "working_dir": given["workingDir"],
        "network_mode": "none",
        "user": f"{context['runAsUser']}:{context['runAsGroup']}",
        "read_only": context["readOnlyRootFilesystem"],
        "cap_drop": context["capabilities"]["drop"],
        "cap_add": context["capabilities"]["add"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": size(given["resources"]["limits"]["memory"]),
        "cpus": float(given["resources"]["limits"]["cpu"]),
        "tmpfs": [
            f"{path}:rw,exec,suid,dev,size={limit},mode=0777"
            for path, limit in folders_of_cluster().items()
        ],
        "healthcheck": {
            "test": ["CMD", *given["readinessProbe"]["exec"]["command"]],
            "interval": f"{given['readinessProbe']['periodSeconds']}s",
        },
    }


@pytest.mark.docker
@pytest.mark.slow
def test_an_exam_in_the_clusters_room_ends_as_in_ours(tmp_path: Path) -> None:
    """A folder of the wrong owner, or a right too few, shows in the verdicts.

    One agent restarts its shell, and one leaves a process behind its back: both make
    orphans, which nobody but the room's first process takes in.
    """
    place = tmp_path / "compose.yaml"
    place.write_text(yaml.safe_dump({"services": {"default": as_compose(service())}}))
    played = ("guesser", "restarter", "sleeper", "snooper", "audit_editor")
    logs = inspect_eval(
        task_with(cheating_evals(runs=1), sandbox=("docker", str(place))),
        model=[f"scripted/{name}" for name in played],
        model_roles={"grader": "scripted/grader"},
        max_tasks=2,
        log_dir=str(tmp_path / "logs"),
        display="none",
    )
    said = {}
    for log in logs:
        [sample] = log.samples or []
        score = (sample.scores or {})["audit"]
        said[log.eval.model.rpartition("/")[2]] = (
            verdict_of(score.value),
            score.reason,
        )
    assert said == {name: (PERSONAS[name].verdict, None) for name in played}


@pytest.mark.docker
def test_orphans_are_taken_in_and_folders_are_given_away(tmp_path: Path) -> None:
    """A cluster has no `init: true` and no owner for a folder; the command makes up."""
    place = tmp_path / "compose.yaml"
    place.write_text(yaml.safe_dump({"services": {"default": as_compose(service())}}))
    name = f"proctor-test-cluster-{os.getpid()}"
    tell = ["docker", "compose", "-f", str(place), "-p", name]

    def inside(script: str) -> str:
        return said(*tell, "exec", "-T", "default", "sh", "-c", script)

    try:
        said(*tell, "up", "--detach", "--wait")  # as soon as the probe says so
        assert inside("stat -c %U:%a /home/agent /tmp /run/proctor").split() == [
            *("agent:755", "root:1777", "root:700")
        ]
        inside("for i in 1 2 3; do (sleep 0.2 &); done; sleep 1")
        assert inside("ps -eo state=").count("Z") == 0
        assert inside("! touch /etc/x 2>&1").endswith("Read-only file system\n")
    finally:
        said(*tell, "down", "--volumes", "--timeout", "1")


def said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
