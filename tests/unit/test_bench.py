"""What the benchmarks say is what was measured."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import measuring, peers, tools
from tests.bench.__main__ import main
from tests.bench.cases import CASES, FRESH, REPEATED, Case
from tests.bench.measuring import Command, alone, run, together
from tests.bench.peers import OURS, TOOLS, Access, Job, Tool
from tests.bench.releases import Bench
from tests.bench.report import BEGIN, END, ratio_table, wire_table, write_document
from tests.bench.results import Entry, Row, Wire
from tests.bench.setting import Setting, setting
from tests.bench.workloads import SOURCE_PROJECT, Maker, Sizes, bring, many, missing, multi_arch, shared
from tests.support.waiting import wait_until

TINY = Sizes(shared_images=3, shared_megabytes=1, own_megabytes=1, multi_arch_images=2, many_images=4)
RELEASES = {case.name: case for case in CASES}
NOTHING = Wire(0, 0, 0, 0, 0, 0, 0, 0, 0)
WORKLOAD = shared(TINY)
ONCE = NOTHING._replace(uploads=len(WORKLOAD.blobs), downloads=len(WORKLOAD.blobs))


@pytest.fixture(scope="module")
def place() -> Iterator[Setting]:
    """The registries of the benchmarks."""
    with setting() as made:
        yield made


def is_held(pipe: Path) -> bool:
    """Tell whether any process has a named pipe open."""
    try:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    except OSError as error:
        return error.errno != errno.ENXIO
    return True


def row(ours: Entry, phase: str = FRESH, case: Case = RELEASES["shared"], **others: Entry) -> Row:
    return Row(case, phase, f"tiny, {phase}", WORKLOAD, {OURS: ours, **others})


def took(*seconds: float, wire: Wire = ONCE) -> Entry:
    return Entry(list(seconds), wire)


def test_a_program_is_timed_to_its_end() -> None:
    assert run(Command(["sleep", "0.1"])).seconds >= 0.1


def test_a_program_that_fails_is_an_error_with_what_it_said() -> None:
    with pytest.raises(RuntimeError, match="ended with 3\nno such image"):
        run(Command(["sh", "-c", "echo no such image; exit 3"]))


def test_a_program_that_takes_too_long_is_ended_with_all_its_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(measuring, "LONGEST_SECONDS", 0.3)
    held = tmp_path / "held"
    os.mkfifo(held)
    with pytest.raises(RuntimeError, match="longer than"):
        run(Command(["sh", "-c", f"sleep 60 3<>{held} & wait"]))
    wait_until(lambda: not is_held(held), "the last process to be gone")


def test_memory_is_that_of_all_processes_together() -> None:
    child = "held = bytearray(60 << 20); import time; time.sleep(0.3)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    command = Command([sys.executable, "-c", parent])
    assert run(command, together).peak_kib > run(command, alone).peak_kib + (50 << 10)


def test_the_best_peer_is_the_fastest_that_succeeded() -> None:
    compared = row(took(1, 2, 9), slow=took(5), fast=took(4), wrong=Entry([1], ONCE, "a digest is not there"))
    assert (compared.best_peer, compared.ratio) == ("fast", 0.5)


@pytest.mark.parametrize(
    ("ours", "phase", "said"),
    [
        (took(1), FRESH, []),
        (took(3), FRESH, ["tiny, fresh: the ratio"]),
        (Entry(failure="refused"), FRESH, [f"tiny, fresh: {OURS} failed"]),
        (took(1, wire=ONCE._replace(uploads=99)), FRESH, ["tiny, fresh: every blob is uploaded once"]),
        (took(1, wire=ONCE._replace(uploads=1)), FRESH, ["tiny, fresh: every blob is uploaded once"]),
        (took(1, wire=ONCE._replace(downloads=99)), FRESH, ["tiny, fresh: no blob is downloaded twice"]),
        (took(1, wire=NOTHING), REPEATED, []),
        (took(1, wire=NOTHING._replace(manifest_puts=1)), REPEATED, ["tiny, repeated: no manifest is put"]),
        (took(1, wire=NOTHING._replace(blob_requests=1)), REPEATED, ["tiny, repeated: no blob is asked for"]),
    ],
)
def test_what_is_not_reached_is_said(ours: Entry, phase: str, said: list[str]) -> None:
    assert row(ours, phase, peer=took(4)).missed() == said


def test_without_a_limit_any_ratio_will_do() -> None:
    assert row(took(9), case=RELEASES["large"], peer=took(1)).missed() == []


def test_without_a_peer_to_compare_with_a_limit_is_missed() -> None:
    assert row(took(1), peer=Entry(failure="crashed")).missed() == ["tiny, fresh: the ratio"]


def test_a_tool_that_failed_stays_in_the_tables() -> None:
    rows = [row(took(1), peer=Entry(failure="1 of 3 digests are not there\nand more"))]
    assert "| tiny, fresh | peer | failed: 1 of 3 digests are not there | 0 |" in wire_table(rows)
    assert "| tiny, fresh | 1.00 |  | none |  | 0.50 |" in ratio_table(rows)


@pytest.mark.parametrize("tool", TOOLS)
def test_no_password_is_in_a_command_line_or_an_environment(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "tool", lambda name: name)
    (tmp_path / "ca.crt").write_text("a certificate")
    access = Access("localhost:5000", "openshift", "a secret token")
    command = TOOLS[tool](Job(tmp_path, access, access, tmp_path, WORKLOAD.images, 2))
    assert "secret" not in f"{command.words} {command.environment} {access}"
    assert command.environment is not None
    assert not [name for name in command.environment if "proxy" in name.lower()]


@pytest.mark.parametrize(("make", "blobs"), [(shared, 3 + 2 * 3), (multi_arch, 3 + 2 * 3 * 2), (many, 2)])
def test_a_workload_is_brought_whole(make: Maker, blobs: int, place: Setting) -> None:
    workload = make(TINY)
    assert len(workload.blobs) == blobs
    with place.destination() as registry:
        assert len(missing(workload, registry, SOURCE_PROJECT)) == len(workload.images)
        with registry.recording() as seen:
            bring(workload, registry, SOURCE_PROJECT)
        assert missing(workload, registry, SOURCE_PROJECT) == []
        one, other = workload.images[:2]
        moved = workload._replace(images=[one, other._replace(image=one.image)])
        assert missing(moved, registry, SOURCE_PROJECT) == [other.repository_and_tag]
    assert set(seen.uploads) == workload.blobs


def test_a_release_and_its_peers_are_timed_counted_and_checked(place: Setting) -> None:
    compared_tools: dict[str, Tool] = {
        OURS: peers.promoter,
        "skopeo copy": peers.skopeo_copy,
        "idle": lambda _: Command(["true"]),
        "broken": lambda _: Command(["sh", "-c", "echo refused; exit 1"]),
    }
    said: list[str] = []
    fresh, repeated = Bench(place, TINY, 2, 2, said.append, tools=compared_tools).measure(RELEASES["shared"])
    for compared in (fresh, repeated):
        ours, skopeo = compared.entries[OURS], compared.entries["skopeo copy"]
        assert len(ours.seconds) == len(skopeo.seconds) == 2
        assert compared.best_peer == "skopeo copy"
        assert [what for what in compared.missed() if "ratio" not in what] == []
    assert fresh.entries["idle"].failure == "3 of 3 digests are not there, such as shared-0:1"
    assert fresh.entries["broken"].failure == "sh ended with 1\nrefused"
    assert [repeated.entries[tool] for tool in ("idle", "broken")] == [Entry(), Entry()]
    counts = fresh.entries[OURS].wire
    assert counts is not None
    shared = 3 + 1  # layers, and the text of the records
    assert (counts.uploads, counts.mounts) == (len(fresh.workload.blobs), shared * (3 - 1))
    assert len(said) == 2 * 2 * 2 + 2


def test_what_was_measured_is_replaced_in_the_document(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_document(document, "new")
    write_document(document, "newer")
    assert document.read_text() == f"before\n{BEGIN}\n\nnewer\n\n{END}\nafter\n"


def test_a_document_without_a_place_for_it_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text(f"before\n{BEGIN}\n")
    with pytest.raises(ValueError, match="has no lines"):
        write_document(document, "new")
    assert document.read_text() == f"before\n{BEGIN}\n"


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `go` that installs an empty program, and fails if the file `broken` is there; it notes its arguments."""
    programs = tmp_path / "programs"
    programs.mkdir()
    lines = [
        "#!/bin/sh",
        f'echo "$@" >> {tmp_path}/log',
        f"[ ! -e {tmp_path}/broken ] || {{ echo no network >&2; exit 1; }}",
        'mkdir -p "$GOBIN" && touch "$GOBIN/crane"',
    ]
    (programs / "go").write_text("\n".join(lines))
    (programs / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_a_tool_is_built_once(go: Path) -> None:
    first = tools.tool("crane")
    assert tools.tool("crane") == first
    assert Path(first).is_relative_to(go / "cache")
    package = f"github.com/google/go-containerregistry/cmd/crane@{tools.version('crane')}"
    assert (go / "log").read_text() == f"install {package}\n"


def test_a_tool_that_cannot_be_built_is_an_error_with_the_reason(go: Path) -> None:
    (go / "broken").touch()
    with pytest.raises(RuntimeError, match=r"cmd/crane@.* ended with 1: no network"):
        tools.tool("crane")


@pytest.mark.parametrize("flags", [["--times", "0"], ["--small-images", "few"], ["--only", "nothing"], ["--only"]])
def test_wrong_flags_are_refused(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(flags)
    assert ended.value.code == 2
    assert flags[0] in capsys.readouterr().err
