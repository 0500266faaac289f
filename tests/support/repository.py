"""The repository these tests belong to."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def repository_files() -> list[Path]:
    """Return the files that are tracked, or would be by `git add --all`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [ROOT / name for name in sorted(set(filter(None, listed.split("\0"))))]
    return [path for path in paths if path.is_file()]
