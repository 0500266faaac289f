"""The peers that are not packaged by Debian, and toxiproxy: built once by `go install`, outside of the repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# name = the command's package, and the version that is measured
_COMMANDS = {
    "crane": ("github.com/google/go-containerregistry/cmd/crane", "v0.22.1"),
    "regctl": ("github.com/regclient/regclient/cmd/regctl", "v0.11.7"),
    "regsync": ("github.com/regclient/regclient/cmd/regsync", "v0.11.7"),
    "toxiproxy": ("github.com/Shopify/toxiproxy/v2/cmd/server", "v2.5.0"),
}


def cache() -> Path:
    """Return the directory that the tools are kept in."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "image-promoter" / "bench"


def tool(name: str) -> str:
    """Return the path of a tool, built if it is not there yet in the version that is pinned here.

    Raises:
        RuntimeError: it could not be built; with what `go` said.

    """
    package, pinned = _COMMANDS[name]
    directory = cache() / f"{name}-{pinned}"
    program = directory / package.rpartition("/")[2]
    if not program.exists():
        _install(f"{package}@{pinned}", directory)
    return str(program)


def version(name: str) -> str:
    """Return the version of a tool, or of one that Debian has."""
    if name in _COMMANDS:
        return _COMMANDS[name][1]
    return subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]


def _install(package: str, directory: Path) -> None:
    print(f"go install {package}", flush=True)
    command = ["nice", "-n", "10", "go", "install", package]
    done = subprocess.run(
        command, env={**os.environ, "GOBIN": str(directory)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"`go install {package}` ended with {done.returncode}: {done.stderr.strip()}")
