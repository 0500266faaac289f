"""Server processes that the rigs run, and that never outlive them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

STOP_SECONDS = 5


class ServerProcess:
    """A child process whose output is appended to two files.

    The kernel ends it when the thread that started it ends, so a killed test run leaves nothing behind:
    start it from a thread that lives as long as the server is needed.
    """

    def __init__(self, command: Sequence[str | Path], stdout: Path, stderr: Path) -> None:
        with stdout.open("ab") as out, stderr.open("ab") as err:
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def running(self) -> bool:
        """Tell whether the process has not ended."""
        return self._child.poll() is None

    def stop(self) -> None:
        """Ask the process to end, insist after some seconds, and wait until it is gone."""
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
