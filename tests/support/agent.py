"""What an agent pod has: the helper on its PATH, a tool that builds images, and Secrets where pods have them."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_IN_POD = """#!/bin/sh
# Runs the helper with the Secrets mounted below /run/secrets, in a mount namespace of its own.
exec unshare {unshare} sh -c '
    mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io &&
    mount --bind "$0" /run/secrets/kubernetes.io && exec "$@"
' {secrets} {promoter} "$@"
"""
_BUILD_IMAGE = """#!/bin/sh
PYTHONPATH={root} exec {python} -m tests.support.build_image {registry} {authfile} {ca} "$@"
"""


class Agent:
    """An agent whose tools are in `directory/bin`.

    Args:
        directory: its own.
        secrets: the mounted Secrets by name, each with its keys; `serviceaccount` is the pod's own account.

    """

    def __init__(self, directory: Path, secrets: Mapping[str, Mapping[str, str]]) -> None:
        self._bin = directory / "bin"
        self._bin.mkdir(parents=True)
        mounted = directory / "secrets"
        for name, keys in secrets.items():
            (mounted / name).mkdir(parents=True)
            for key, value in keys.items():
                (mounted / name / key).write_text(value)
        mounted.mkdir(exist_ok=True)
        self._tool(
            "promoter",
            _IN_POD.format(
                unshare="--mount" if os.getuid() == 0 else "--user --map-root-user --mount",
                secrets=shlex.quote(str(mounted)),
                promoter=shlex.quote(str(Path(sys.executable).with_name("promoter"))),
            ),
        )

    @property
    def environment(self) -> dict[str, str]:
        """The agent's environment variables."""
        return {"PATH": f"{self._bin}:{os.environ['PATH']}"}

    def can_build(self, registry: str, authfile: Path, ca: Path) -> None:
        """Give it `build-image FILE NAME TAG`, which pushes to REGISTRY/NAME:TAG."""
        values = {"root": _ROOT, "python": sys.executable, "registry": registry, "authfile": authfile, "ca": ca}
        self._tool(
            "build-image", _BUILD_IMAGE.format(**{key: shlex.quote(str(value)) for key, value in values.items()})
        )

    def _tool(self, name: str, script: str) -> None:
        path = self._bin / name
        path.write_text(script)
        path.chmod(0o755)
