"""The entry point: it catches, shows and exits, and does nothing else."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence

from promoter import __version__

_OBJECTS = 100_000
"""After how many new objects cycles are looked for: what is imported makes many, and none of them is garbage."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; see README for what each means."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given == ["--version"]:
        print(f"promoter {__version__}", flush=True)
        return 0
    from promoter.cli.run import run  # noqa: PLC0415 - asking for the version shall not import everything

    return run(given)


def start() -> None:
    """Run the process's own command line, and end the process without taking the interpreter down.

    Everything that has to be closed is by then. Threads that still wait for a registry must not hold up the way out,
    and taking the interpreter down takes as long as five requests.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the command has its own handler: no traceback from an import
    gc.set_threshold(_OBJECTS)
    os._exit(main())


if __name__ == "__main__":
    start()
