"""The one door to buildah and podman, whose commands to build an image are the same.

They get their logins through an authfile in a private directory, an environment with nothing in it that they do not
need, a storage of their own that goes with the directory, and no more time than the command has. They only build, and
never push: what they have built is written as an OCI layout.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from promoter import processes
from promoter.credentials.authfile import write_logins
from promoter.credentials.sources import Credential
from promoter.errors import DownstreamFailed, NotFound, NotPermitted, PromoterError, Unreachable, WrongUsage
from promoter.http.build_log import Say
from promoter.http.deadline import Deadline
from promoter.interrupts import deferred_signals

BUILDERS = ("buildah", "podman")
"""In the order in which they are looked for."""

_OLDEST = {"buildah": (1, 24), "podman": (4, 0)}
_SECONDS_TO_CLEAR = 60.0
_SHOWN_LINES = 3
_NOISE = re.compile(
    r'STEP \d+/\d+:|subprocess exited|time="[^"]*" level=warning'
    r"|Trying to pull |Getting image source signatures|Copying (?:blob|config) |Writing manifest |Storing signatures"
)
_ID_FILE = "image-id"
_LAYOUT = "image"
_INHERITED = (
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "BUILDAH_ISOLATION",
)
_STORAGE = "storage"
_STORAGE_FLAGS = (f"--root={_STORAGE}/root", f"--runroot={_STORAGE}/run", "--storage-driver=vfs")
"""Where a builder keeps what it pulls and builds, seen from its private directory: podman takes no name of more than 50
characters. The driver works on every file system, and leaves no mounts behind."""

_BASE_FAILED = re.compile(r"initializing source docker://|pinging container registry|determining manifest MIME type")
_BASE_MEANINGS: tuple[tuple[str, type[PromoterError], str], ...] = (
    (
        r"x509|certificate",
        Unreachable,
        "Give the configuration an environment with the base image's `registry`, and its `ca`.",
    ),
    (
        r"unauthorized|authentication required|denied|status(?:code)?:? 40[13]|username/password",
        NotPermitted,
        "Give the configuration an environment with the base image's `registry` and `credentials` that may pull it.",
    ),
    (r"unknown|not found|status(?:code)?:? 404", NotFound, "Check the base image: what FROM names is not there."),
    (r"", Unreachable, "Look whether the base image's registry can be reached from here, then run this again."),
)
"""What a builder's last words mean if it could not get a base image, the first that fits."""


class Login(NamedTuple):
    """What base images of a registry are pulled with: a credential, and the authority to trust beside the system's."""

    credential: Credential
    ca: str | Path | None


class Recipe(NamedTuple):
    """What is built.

    Args:
        image: what it will be called, for messages.
        context: the directory that is built.
        dockerfile: how.
        labels: the labels that the image gets.
        arguments: arguments of the Dockerfile, as `NAME=VALUE`.
        timestamp: when all that is built was made, in seconds since 1970; now, if left out.
        logins: by the registries' hosts; base images from elsewhere are pulled anonymously.

    """

    image: str
    context: Path
    dockerfile: Path
    labels: Mapping[str, str]
    arguments: tuple[str, ...]
    timestamp: int | None
    logins: Mapping[str, Login]


def find(name: str | None) -> str:
    """Return the builder that is installed: the one that is named, or the first of them.

    Raises:
        WrongUsage: it is not installed, or none is.

    """
    names = (name,) if name else BUILDERS
    found = next(filter(shutil.which, names), None)
    if found is None:
        raise WrongUsage(
            f"{' and '.join(names)} {'is' if name else 'are'} not installed, or not on PATH.",
            "Install one on an agent that may run it, or have OpenShift build: --build-config NAME.",
        )
    return found


def version(builder: str) -> str:
    """Ask a builder for its version, such as `1.28.2`.

    Raises:
        WrongUsage: it is too old, may not be run here, or something else has its name.

    """
    oldest = _OLDEST[builder]
    remedy = (
        f"Install {builder} {oldest[0]}.{oldest[1]} or newer on an agent with root or subordinate UIDs (subuid(5)), or "
        "have OpenShift build: --build-config NAME."
    )
    with processes.private_directory() as private:
        return processes.ask_version(builder, _environment(private), oldest, remedy, private)


def build(builder: str, recipe: Recipe, private: Path, deadline: Deadline, say: Say) -> Path:
    """Build an image.

    Args:
        builder: one of `BUILDERS`.
        recipe: what is built.
        private: a directory that nobody else can look into, and that is removed afterwards.
        deadline: when to stop.
        say: gets the builder's own lines as they come.

    Returns:
        The directory with the image as an OCI layout.

    Raises:
        DownstreamFailed: the build failed.
        NotPermitted, NotFound, Unreachable: a base image cannot be had.
        TimedOut: the deadline passed.

    """
    run = _Builder(builder, recipe.image, private, deadline, say)
    try:
        run("build", *_flags(recipe, private), str(recipe.context))
        run("push", "--quiet", (private / _ID_FILE).read_text(), f"oci:{_LAYOUT}")
    finally:
        run.clear()
    return private / _LAYOUT


def _flags(recipe: Recipe, private: Path) -> list[str]:
    """Return the flags of a build; files they need go into the private directory."""
    logins = {host: login.credential for host, login in recipe.logins.items()}
    authfile = write_logins(private / "auth.json", logins)
    flags = ["--layers=false", f"--iidfile={private / _ID_FILE}", f"--authfile={authfile}"]
    if authorities := [login.ca for login in recipe.logins.values() if login.ca]:
        flags.append(f"--cert-dir={_certificates(authorities, private)}")
    if recipe.timestamp is not None:
        flags.append(f"--timestamp={recipe.timestamp}")
    flags += [f"--label={name}={value}" for name, value in recipe.labels.items()]
    flags += [f"--build-arg={argument}" for argument in recipe.arguments]
    return [*flags, f"--file={recipe.dockerfile}"]


def _certificates(authorities: list[str | Path], private: Path) -> Path:
    directory = private / "certificates"
    directory.mkdir()
    for number, authority in enumerate(authorities):
        try:
            shutil.copyfile(authority, directory / f"{number}.crt")
        except OSError as error:
            raise WrongUsage(
                f"The CA file {authority} cannot be used: {error.strerror}.", "Name a readable PEM file."
            ) from error
    return directory


class _Builder:
    """A builder with its private directory, in which its storage is."""

    def __init__(self, name: str, image: str, private: Path, deadline: Deadline, say: Say) -> None:
        self._name = name
        self._image = image
        self._private = private
        self._deadline = deadline
        self._say = say
        self._environment = _environment(private)

    def __call__(self, command: str, *arguments: str) -> None:
        """Run a command.

        Raises:
            DownstreamFailed, NotPermitted, NotFound, Unreachable: it failed.
            TimedOut: the deadline passed.

        """
        doing = f"building {self._image}"
        seconds = self._deadline.require(doing)
        ended = processes.run(
            [self._name, *_STORAGE_FLAGS, command, *arguments], self._environment, seconds, self._tell, self._private
        )
        if ended.status:
            self._deadline.require(doing)
            raise _failure(self._name, self._image, ended)

    def clear(self) -> None:
        """Remove the storage; without root, files in it belong to users that only the builder can be."""
        if os.geteuid() and (self._private / _STORAGE).exists():
            with deferred_signals():
                command = [self._name, "unshare", "rm", "-rf", _STORAGE]
                processes.run(command, self._environment, _SECONDS_TO_CLEAR, self._tell, self._private)

    def _tell(self, line: str) -> None:
        self._say(f"| {line}")


def _environment(private: Path) -> dict[str, str]:
    """Leave a builder what it needs; what it keeps goes into the private directory."""
    temporary = private / "tmp"
    temporary.mkdir()
    own = {name: str(temporary) for name in ("TMPDIR", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")}
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**kept, **own, "LC_ALL": "C"}


def _failure(builder: str, image: str, ended: processes.Ended) -> PromoterError:
    told = [line for line in map(str.strip, ended.last_lines) if line and not _NOISE.match(line)]
    lines = told or [f"exit status {ended.status}"]
    if _BASE_FAILED.search(lines[-1]):
        kind, remedy = next((kind, remedy) for pattern, kind, remedy in _BASE_MEANINGS if re.search(pattern, lines[-1]))
        return kind(f"{builder} could not build {image}: {lines[-1]}", remedy)
    return DownstreamFailed(
        f"{builder} could not build {image}: {'; '.join(lines[-_SHOWN_LINES:])}",
        "Its lines above tell why. Mend the Dockerfile or what it builds, then run this again.",
    )
