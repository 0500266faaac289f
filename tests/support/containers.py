"""Containers of the images that `make agent-image` builds: their file systems and what is configured for them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.repository import ROOT

AS_ROOT = () if os.getuid() == 0 else ("sudo",)


@contextmanager
def container(image: str) -> Iterator[Path]:
    """Make a container of an image, and take it away again. Yields its file system, which may be written to."""
    name = _buildah("from", "--pull-never", image)
    try:
        yield Path(_buildah("mount", name))
    finally:
        _buildah("rm", name)


def configuration(image: str) -> dict[str, Any]:
    """Return an image's config: its user, entrypoint, labels and so on."""
    inspected = json.loads(_buildah("inspect", "--type", "image", image))
    found: dict[str, Any] = inspected["OCIv1"]["config"]
    return found


def listing(root: Path) -> dict[str, str]:
    """Return all paths below a directory, each with its mode, owner, and what tells whether it was changed."""
    unchanging = "%P %M %U:%G"
    command: list[str | Path] = [*AS_ROOT, "find", root, "-type", "d", "-printf", f"{unchanging}\\n"]
    command += ["-o", "-printf", f"{unchanging} %s %T@ %l\\n"]
    return {path: facts for path, _, facts in (line.partition(" ") for line in _output(command).splitlines())}


def _buildah(*arguments: str) -> str:
    return _output([ROOT / "tests/agent_image/buildah", *arguments]).strip()


def _output(command: Sequence[str | Path]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
