"""What an agent pod has: the helper on its PATH, a tool that builds images, Secrets and configuration in place."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.promoter import LONGEST_RUN_SECONDS, Outcome

_ROOT = Path(__file__).parents[2]
_IN_POD = """#!/bin/sh
# Runs the helper with the Secrets below /run/secrets and the configuration in /etc, in a mount namespace of its own.
exec unshare {unshare} sh -c '
    mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io &&
    mount --bind "$0/secrets" /run/secrets/kubernetes.io &&
    mount -t overlay overlay -o lowerdir="$0/etc:/etc" /etc &&
    mount -t tmpfs tmpfs /etc/containers/networks && exec "$@"
' {mounted} {promoter} "$@"
"""
_BUILD_IMAGE = """#!/bin/sh
PYTHONPATH={root} exec {python} -m tests.support.build_image {registry} {authfile} {ca} "$@"
"""


class Agent:
    """An agent whose tools are in `directory/bin`.

    Args:
        directory: its own.
        secrets: the mounted Secrets by name, each with its keys; `serviceaccount` is the pod's own account.
        configuration: what is mounted as /etc/promoter/promotion.yaml.

    """

    def __init__(
        self, directory: Path, secrets: Mapping[str, Mapping[str, str]], configuration: str | None = None
    ) -> None:
        self._bin = directory / "bin"
        self._bin.mkdir(parents=True)
        mounted = directory / "mounted"
        for path in ("secrets", "etc/containers/networks"):  # buildah has a lock in there
            (mounted / path).mkdir(parents=True)
        for name, keys in secrets.items():
            (mounted / "secrets" / name).mkdir()
            for key, value in keys.items():
                (mounted / "secrets" / name / key).write_text(value)
        if configuration is not None:
            (mounted / "etc" / "promoter").mkdir()
            (mounted / "etc" / "promoter" / "promotion.yaml").write_text(configuration)
        self._tool(
            "promoter",
            _IN_POD.format(
                unshare="--mount" if os.getuid() == 0 else "--user --map-root-user --mount",
                mounted=shlex.quote(str(mounted)),
                promoter=shlex.quote(str(Path(sys.executable).with_name("promoter"))),
            ),
        )

    def promoter(self, directory: Path, *arguments: str) -> Outcome:
        """Run a command of the helper in a directory, as a pod like this one would."""
        done = subprocess.run(
            ["promoter", *arguments, "--json"],
            cwd=directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_RUN_SECONDS,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

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
