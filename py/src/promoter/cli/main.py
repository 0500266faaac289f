"""The entry point: it catches, shows and exits, and does nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from promoter import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; see README for what each means."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given == ["--version"]:
        print(f"promoter {__version__}")
        return 0
    from promoter.cli.run import run  # noqa: PLC0415 - asking for the version shall not import everything

    return run(given)


if __name__ == "__main__":
    sys.exit(main())
