"""What the benchmarks make of what they measured: a wrong table misleads in silence.

Their measuring is not tested here: `make bench` does it, and fails where it cannot.
"""

import asyncio
import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import memory
from benchmarks.__main__ import SECTIONS, parse
from benchmarks.figures import (
    MIB,
    BenchmarkError,
    Figure,
    Mark,
    Section,
    marks,
    mebibytes,
    show,
)
from benchmarks.lifetime import as_run
from benchmarks.replays import calls_of, load
from benchmarks.trials import timed
from proctor.exam.session import TOOL
from proctor.room.layout import DOCKER_HOME


def test_a_ratio_is_the_median_of_the_pairs_and_not_of_the_sides() -> None:
    """A machine that is busy for a while slows both of a pair: 2 : 1 each time here."""
    figure = Figure("x", [(2.0, 1.0), (20.0, 10.0), (4.0, 2.0)])
    assert figure.ratio == 2
    name, a, b, ratio, spread, n, mark = figure.row()
    assert (name, a, b, ratio) == ("x", "4 s", "2 s", "2.00")
    assert (spread, n, mark) == ("2.00 to 2.00", "3", "")


@pytest.mark.parametrize(
    ("pairs", "mark", "reached"),
    [
        ([(1.0, 2.0)], None, None),
        ([(1.5, 1.0)], Mark(1.5), True),
        ([(1.51, 1.0)], Mark(1.5), False),
        # the size of A is asked for, whatever it is held against
        ([(15.0 * MIB, 1.0)], Mark(15 * MIB, size=True), True),
        ([(16.0 * MIB, 99.0 * MIB)], Mark(15 * MIB, size=True), False),
        # one repeat of three that is bad does not decide
        ([(1.0, 1.0), (9.0, 1.0), (1.0, 1.0)], Mark(1.5), True),
    ],
)
def test_when_a_mark_is_met(
    pairs: list[tuple[float, float]], mark: Mark | None, reached: bool | None
) -> None:
    assert Figure("x", pairs, mark=mark).reached() is reached


def test_a_mark_that_is_missed_is_named_at_the_end() -> None:
    """With its figure: whoever reads only the last lines must know."""
    sections = [
        Section("one", [Figure("good", [(1.0, 1.0)], mark=Mark(1.5))]),
        Section(
            "two",
            [
                Figure("unmarked", [(9.0, 1.0)]),
                Figure("slow [b]call[/b]", [(1.0, 20.0)], mark=Mark(1 / 30)),
                Figure(
                    "big", [(16.0 * MIB, MIB)], mebibytes, Mark(15 * MIB, size=True)
                ),
            ],
        ),
    ]
    assert marks(sections) == [
        "Marks met: 1 of 3.",
        "Not met: slow [b]call[/b]: 0.0500, at most 0.0333.",
        "Not met: big: 16.0 MiB, at most 15.0 MiB.",
    ]
    said = io.StringIO()
    show(sections, "a machine [1]", Console(file=said, width=200))
    text = said.getvalue()
    for part in ("slow [b]call[/b]", "a machine [1]", "NOT met", "Marks met: 1 of 3."):
        assert part in text


def test_without_marks_nothing_is_said_of_them() -> None:
    assert marks([Section("one", [Figure("x", [(1.0, 1.0)])])]) == []


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("9:name=systemd:/docker/ab\n4:memory:/docker/ab\n0::/docker/ab\n", "memory"),
        ("5:cpu,memory:/docker/ab\n", "memory"),
        ("0::/docker/ab\n", ""),
    ],
    ids=["version 1", "version 1, joined", "version 2"],
)
def test_where_a_containers_memory_is_counted(text: str, folder: str) -> None:
    root = Path("/groups")
    assert memory.group_of(text, root) == root / folder / "docker" / "ab"


def test_a_process_without_a_memory_group_is_not_weighed() -> None:
    with pytest.raises(BenchmarkError, match="no group"):
        memory.group_of("4:cpu:/docker/ab\n")


@pytest.mark.parametrize(
    "files",
    [
        {
            "memory.stat": "cache 5\ntotal_cache 900\ntotal_shmem 300\n",
            "memory.usage_in_bytes": "2000\n",
        },
        {"memory.stat": "anon 1\nfile 900\nshmem 300\n", "memory.current": "2000\n"},
    ],
    ids=["version 1", "version 2"],
)
def test_the_cache_of_files_is_nobodys_memory_and_a_tmpfs_is(
    files: dict[str, str], tmp_path: Path
) -> None:
    """Else the sandbox that reads the image first would seem to be the largest."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert memory.memory(tmp_path) == 1400
    (tmp_path / "memory.stat").unlink()
    with pytest.raises(BenchmarkError, match="not known"):
        memory.memory(tmp_path)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="no Linux")
def test_a_process_is_weighed_and_one_that_has_ended_is_not() -> None:
    taken = memory.weigh(os.getpid())
    assert taken is not None
    assert MIB < taken.private <= taken.pss
    ended = os.fork()
    if not ended:
        os._exit(0)
    os.waitpid(ended, 0)
    assert memory.weigh(ended) is None


def test_docker_run_gets_every_setting_of_the_sandbox() -> None:
    """A floor with fewer walls would be too low."""
    service = {
        "image": "room:1",
        "command": ["tail", "-f"],
        "init": True,
        "read_only": True,
        "cap_drop": ["ALL"],
        "cap_add": ["KILL", "CHOWN"],
        "mem_limit": "512",
        "network_mode": "none",
        "tmpfs": ["/tmp:size=1m"],
    }
    assert as_run(service) == [
        *("--network=none", "--memory=512", "--cap-drop=ALL"),
        *("--cap-add=KILL", "--cap-add=CHOWN", "--tmpfs=/tmp:size=1m"),
        *("--init", "--read-only", "room:1", "tail", "-f"),
    ]


def test_the_load_is_spread_over_all_runs() -> None:
    """No run is named, and the same count gives the same runs."""
    chosen = [str(sample.id) for sample in load(None, 5)]
    assert chosen == [str(sample.id) for sample in load(None, 5)]
    assert len(set(chosen)) == 5
    whole = [str(sample.id) for sample in load(None, 12)]
    assert [whole.index(name) for name in chosen] == [0, 2, 4, 7, 9]


def test_recorded_calls_are_typed_into_todays_room() -> None:
    metadata = {
        "start": "/exam",
        "turns": [
            {"calls": []},
            {
                "calls": [
                    {
                        "id": "1",
                        "arguments": {"action": "type_submit", "input": "ls /exam"},
                        "parse_error": None,
                    },
                    {"id": "2", "arguments": {"action": "read"}, "parse_error": "x"},
                ]
            },
        ],
    }
    first, second = calls_of(metadata)
    assert first.function == second.function == TOOL
    assert first.arguments["input"] == f"ls {DOCKER_HOME}"
    assert (second.arguments, second.parse_error) == ({"action": "read"}, "x")


@pytest.mark.parametrize(
    "words",
    [["--repeats", "0"], ["--only", "everything"], ["--paper", "/nowhere"]],
)
def test_what_cannot_be_measured_is_refused_at_once(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_sections_are_chosen_by_name_and_keep_their_order() -> None:
    asked, names = parse(["--quick", "--only", "memory", "--only", "calls"])
    assert names == ["calls", "memory"]
    assert (asked.repeats, asked.rare, asked.quick) == (1, 1, True)
    asked, names = parse([])
    assert names == list(SECTIONS)
    assert asked.repeats > asked.rare == 1


def test_a_time_is_that_of_the_work() -> None:
    async def work() -> None:
        await asyncio.sleep(0.05)

    assert 0.05 <= asyncio.run(timed(work())) < 5
