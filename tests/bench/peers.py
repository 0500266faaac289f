"""How promoter and each of its peers is told to bring a list of images from one registry to another."""

from __future__ import annotations

import json
import os
import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.measuring import Command
from tests.bench.tools import tool
from tests.bench.workloads import DESTINATION_PROJECT, SOURCE_PROJECT, Listed

PROMOTER = str(Path(sys.executable).with_name("promoter"))


@dataclass(frozen=True)
class Access:
    """A registry and how to log in there."""

    host: str
    user: str
    password: str = field(repr=False)

    @property
    def docker_auth(self) -> dict[str, str]:
        """What docker's config.json has for it."""
        return {"auth": b64encode(f"{self.user}:{self.password}".encode()).decode()}


@dataclass(frozen=True)
class Job:
    """What is to be brought from where to where.

    Args:
        directory: the tool's home, where its files are written to.
        source: has the images in SOURCE_PROJECT.
        destination: gets them in DESTINATION_PROJECT.
        certificates: has, as `ca.crt`, the authority that both registries' certificates are from.
        images: what is brought.
        parallel: how many at a time.

    """

    directory: Path
    source: Access
    destination: Access
    certificates: Path
    images: Sequence[Listed]
    parallel: int

    @property
    def ca(self) -> Path:
        """The PEM file of the authority."""
        return self.certificates / "ca.crt"

    @property
    def environment(self) -> dict[str, str]:
        """What every tool finds in its environment."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "DOCKER_CONFIG": str(self.directory),
            "SSL_CERT_FILE": str(self.ca),
        }

    def pairs(self) -> list[tuple[str, str]]:
        """Return each image's reference at the source and at the destination."""
        source = f"{self.source.host}/{SOURCE_PROJECT}"
        destination = f"{self.destination.host}/{DESTINATION_PROJECT}"
        return [
            (f"{source}/{listed.repository_and_tag}", f"{destination}/{listed.repository_and_tag}")
            for listed in self.images
        ]

    def write(self, name: str, content: str | dict[str, Any]) -> Path:
        """Write a file of the tool's; a document as JSON, which is YAML too."""
        file = self.directory / name
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    def authfile(self) -> Path:
        """Write docker's config.json."""
        sides = (self.source, self.destination)
        return self.write("config.json", {"auths": {side.host: side.docker_auth for side in sides}})

    def each(self, words: Sequence[str], prefix: str = "") -> Command:
        """Run a command once for each image, so many at a time; references are written behind the prefix."""
        lines = "".join(f"{prefix}{source} {prefix}{destination}\n" for source, destination in self.pairs())
        xargs = ["xargs", f"--max-procs={self.parallel}", "--max-args=2"]
        return Command([*xargs, *words], self.environment, self.write("pairs.txt", lines))


Tool = Callable[[Job], Command]


def promoter(job: Job) -> Command:
    """Release with promoter."""
    mapping = job.write("mapping.txt", "".join(f"{source} {destination}\n" for source, destination in job.pairs()))
    access = [f"--{side}-credentials=authfile:{job.authfile()}" for side in ("source", "destination")]
    trust = [f"--{side}-ca={job.ca}" for side in ("source", "destination")]
    return Command([PROMOTER, "release", str(mapping), *access, *trust], job.environment)


def skopeo_sync(job: Job) -> Command:
    """Bring a list of images with skopeo: one after the other, six blobs of each at a time."""
    repositories: dict[str, list[str]] = {}
    for listed in job.images:
        repositories.setdefault(f"{SOURCE_PROJECT}/{listed.name}", []).append(listed.tag)
    source = {
        "images": repositories,
        "credentials": {"username": job.source.user, "password": job.source.password},
        "tls-verify": True,
        "cert-dir": str(job.certificates),
    }
    listing = job.write("sync.yaml", {job.source.host: source})
    flags = ["--all", "--preserve-digests", "--src=yaml", "--dest=docker"]
    access = [f"--dest-authfile={job.authfile()}", f"--dest-cert-dir={job.certificates}"]
    places = [str(listing), f"{job.destination.host}/{DESTINATION_PROJECT}"]
    return Command(["skopeo", "sync", *flags, *access, *places], job.environment)


def skopeo_copy(job: Job) -> Command:
    """Start a skopeo for each image."""
    flags = ["--quiet", "--all", "--preserve-digests", f"--authfile={job.authfile()}"]
    trust = [f"--src-cert-dir={job.certificates}", f"--dest-cert-dir={job.certificates}"]
    return job.each(["skopeo", "copy", *flags, *trust], "docker://")


def crane(job: Job) -> Command:
    """Start a crane for each image."""
    job.authfile()
    return job.each([tool("crane"), "copy"])


def regctl(job: Job) -> Command:
    """Start a regctl for each image."""
    hosts = {side.host: _regclient_host(job, side) for side in (job.source, job.destination)}
    configuration = job.write("regctl.json", {"hosts": hosts})
    command = job.each([tool("regctl"), "image", "copy"])
    return Command(command.words, {**job.environment, "REGCTL_CONFIG": str(configuration)}, command.lines)


def regsync(job: Job) -> Command:
    """Bring a list of images with regsync."""
    creds = [{"registry": side.host, **_regclient_host(job, side)} for side in (job.source, job.destination)]
    configuration = {
        "version": 1,
        "creds": creds,
        "defaults": {"parallel": job.parallel, "skipDockerConfig": True},
        "sync": [{"source": source, "target": target, "type": "image"} for source, target in job.pairs()],
    }
    file = job.write("regsync.yaml", configuration)
    return Command([tool("regsync"), "once", f"--config={file}"], job.environment)


def _regclient_host(job: Job, side: Access) -> dict[str, Any]:
    trust = {"tls": "enabled", "regcert": job.ca.read_text()}
    return {**trust, "user": side.user, "pass": side.password, "reqConcurrent": job.parallel}


OURS = "promoter release"
TOOLS: dict[str, Tool] = {
    OURS: promoter,
    "skopeo sync": skopeo_sync,
    "skopeo copy": skopeo_copy,
    "crane copy": crane,
    "regctl image copy": regctl,
    "regsync once": regsync,
}
