"""The process that compiles for the rig's builds: nothing of one build is left in it for the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.pipeline import PipelineRig
from tests.support.repository import ROOT
from tests.support.waiting import wait_until

JENKINSFILE = "@Library('own') import org.demo.Words\necho \"${new Words().say()} ${step1()}\"\n"


def write(library: Path, of_the_class: str, of_the_step: str) -> None:
    """Write a library of one class and one step that say these words."""
    for path, text in {
        "src/org/demo/Words.groovy": f"package org.demo\nclass Words {{ static int n = 0; String say() {{ "
        f'n++; "{of_the_class} ${{n}}" }} }}\n',
        "vars/step1.groovy": f"String call() {{ '{of_the_step}' }}\n",
    }.items():
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        (library / path).write_text(text)


def test_a_changed_library_is_compiled_again(tmp_path: Path) -> None:
    library = tmp_path / "library"
    rig = PipelineRig(tmp_path, {"own": library})

    write(library, "old class", "old step")
    before = rig.run(JENKINSFILE)
    write(library, "new class", "new step")
    after = rig.run(JENKINSFILE)

    assert "\nold class 1 old step\n" in before.log
    assert "\nnew class 1 new step\n" in after.log


def test_a_source_with_a_mistake_stays_refused_and_a_mended_one_is_taken(tmp_path: Path) -> None:
    rig = PipelineRig(tmp_path)

    builds = [rig.run(text) for text in ("echo 'a", "echo 'a'", "echo 'a", "new Thread()", "new Thread()")]

    assert [build.result for build in builds] == ["FAILURE", "SUCCESS", "FAILURE", "FAILURE", "FAILURE"]
    assert builds[0].log == builds[2].log
    assert "startup failed:" in builds[0].log
    assert [build.violation for build in builds[3:]] == [
        "new Thread works on the controller, not through a step: WorkflowScript:1"
    ] * 2


def test_a_library_of_another_build_is_unknown(tmp_path: Path) -> None:
    library = tmp_path / "library"
    write(library, "class", "step")

    with_it = PipelineRig(tmp_path, {"own": library}).run(JENKINSFILE)
    without = PipelineRig(tmp_path, {}).run(JENKINSFILE)

    assert with_it.result == "SUCCESS"
    assert "ERROR: Could not find any definition of libraries [own]" in without.log
    assert without.result == "FAILURE"


def test_it_ends_with_its_process(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys; from tests.support.pipeline import PipelineRig\n"
        "print(PipelineRig(pathlib.Path.home()).run('sleep 0').result, flush=True); sys.stdin.read()"
    )
    settings = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}

    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"SUCCESS\n"
        running = compilers_at_home(tmp_path)
        started.kill()

    assert len(running) == 1
    wait_until(lambda: not compilers_at_home(tmp_path), "the end of the compiler", 30)


def compilers_at_home(home: Path) -> list[str]:
    """Return the numbers of the compilers' processes with this home directory."""
    return [
        process.name
        for process in Path("/proc").glob("[0-9]*")
        if f"HOME={home}\0".encode() in read(process / "environ")
        and b"rig.CompilerService\0" in read(process / "cmdline")
    ]


def read(path: Path) -> bytes:
    """Return what a file of a process says; nothing if the process has ended or is another user's."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""
