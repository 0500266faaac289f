"""Real registries: `docker-registry` processes with TLS, credentials and a log that can be asked."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import secrets
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import parse_qsl, urlsplit

from tests.support.processes import ServerProcess
from tests.support.tls import CertificateAuthority
from tests.support.tokens import ISSUER, TokenService
from tests.support.waiting import wait_until

# Apache's combined log format, as docker-registry writes it to standard output.
_LOG_LINE = re.compile(
    r'\S+ - \S+ \[[^]]+\] "(?P<method>\S+) (?P<uri>\S+) HTTP/[\d.]+" '
    r'(?P<status>\d+) (?P<bytes>\d+) "[^"]*" "(?P<agent>.*)"'
)
_MARKER_AGENT = "rig-marker"


class Auth(Protocol):
    """How a registry knows its clients."""

    def configuration(self, directory: Path) -> dict[str, Any]:
        """Return the `auth` section of the registry's configuration, its files written to `directory`."""

    def authorization(self, repositories: tuple[str, ...]) -> str:
        """Return an Authorization header that may do everything to these repositories."""


@dataclass(frozen=True)
class Htpasswd:
    """Basic authentication; `users` maps each name to its password, and each may do everything."""

    users: Mapping[str, str] = field(repr=False)

    def configuration(self, directory: Path) -> dict[str, Any]:
        """Write the password file, with the cheapest bcrypt there is."""
        file = directory / "htpasswd"
        file.write_text("".join(_htpasswd_line(user, password) for user, password in self.users.items()))
        return {"htpasswd": {"realm": "registry", "path": str(file)}}

    def authorization(self, repositories: tuple[str, ...]) -> str:
        """Return the first user's credentials."""
        user, password = next(iter(self.users.items()))
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass(frozen=True)
class TokenAuth:
    """Bearer authentication with the tokens of a token service."""

    service: TokenService

    def configuration(self, directory: Path) -> dict[str, Any]:
        """Point at the service, whose certificate is the one trusted."""
        return {
            "token": {
                "realm": self.service.realm,
                "service": self.service.service,
                "issuer": ISSUER,
                "rootcertbundle": str(self.service.certificate),
            }
        }

    def authorization(self, repositories: tuple[str, ...]) -> str:
        """Return a token signed here and now, without a request to the endpoint."""
        access = dict.fromkeys(repositories, ("pull", "push", "delete"))
        return "Bearer " + self.service.registry_token(access)


@dataclass(frozen=True)
class Request:
    """A request a registry has answered, from its log."""

    method: str
    path: str
    query: Mapping[str, str]
    status: int
    response_bytes: int
    user_agent: str


class Recording:
    """What a registry answered during a `with registry.recording()` block; filled when the block ends."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.requests: list[Request] = []

    def matching(self, method: str, path: str, status: int | None = None) -> list[Request]:
        """Return the requests with this method, this pattern in their path and, if given, this status."""
        return [
            request
            for request in self.requests
            if request.method == method and re.search(path, request.path) and status in {None, request.status}
        ]

    @property
    def uploads(self) -> list[str]:
        """The digests of the blobs that were uploaded and committed, in that order."""
        return [request.query["digest"] for request in self.matching("PUT", "/blobs/uploads/", 201)]

    @property
    def uploaded_bytes(self) -> int:
        """The sizes of `uploads`, added up."""
        return sum(self._registry.blob_file(digest).stat().st_size for digest in self.uploads)

    @property
    def mounts(self) -> list[str]:
        """The digests of the blobs that were mounted from another repository."""
        return [request.query["mount"] for request in self.matching("POST", "/blobs/uploads/", 201)]

    @property
    def manifest_puts(self) -> list[Request]:
        """The manifests that were put, under a tag or a digest."""
        return self.matching("PUT", "/manifests/", 201)

    @property
    def heads(self) -> list[Request]:
        """All HEAD requests, whatever the answer."""
        return self.matching("HEAD", "")


class Registry:
    """A docker-registry on 127.0.0.1 that keeps its files in `directory`; deleting is allowed.

    `host` is "localhost:PORT", known once it was started and the same ever after. `ca` is the PEM file
    to trust. A change of `read_only` takes effect at the next start. With `capacity_bytes` the storage is
    a disk of that size that only the process sees (`blob_file` does not) and that is empty at each start.
    """

    def __init__(
        self,
        directory: Path,
        ca: CertificateAuthority,
        auth: Auth | None = None,
        *,
        read_only: bool = False,
        capacity_bytes: int | None = None,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.ca = ca.certificate
        self.read_only = read_only
        self.storage = directory / "storage"
        self._directory = directory
        self._auth = auth
        self._capacity_bytes = capacity_bytes
        self._certificate = ca.issue(f"registry-{secrets.token_hex(4)}")
        self._access_log = directory / "access.log"
        self._error_log = directory / "registry.log"
        self._port = 0
        self._process: ServerProcess | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def host(self) -> str:
        """Where image references of this registry begin: "localhost:PORT"."""
        assert self._port, "the registry was never started"
        return f"localhost:{self._port}"

    def start(self) -> None:
        """Start the process and return once it listens; raises RuntimeError with its log if it ends instead."""
        configuration = self._directory / "config.yml"
        configuration.write_text(json.dumps(self._configuration(), indent=1))  # JSON is YAML too
        self._error_log.write_bytes(b"")
        command = ["docker-registry", "serve", str(configuration)]
        if self._capacity_bytes is not None:
            command = _on_small_disk(self.storage, self._capacity_bytes, command)
        self._process = process = ServerProcess(command, stdout=self._access_log, stderr=self._error_log)
        try:
            wait_until(lambda: self._listening() or not process.running(), "docker-registry to listen")
        except TimeoutError:
            self.stop()
            raise
        if not process.running():
            raise RuntimeError(f"docker-registry did not start: {self._error_log.read_text()}")

    def stop(self) -> None:
        """Stop the process; nothing happens if it is stopped already."""
        if self._process:
            self._process.stop()
            self._process = None

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def authorization(self, *repositories: str) -> str | None:
        """Return an Authorization header with which the rig itself may do everything there, if one is needed."""
        return self._auth.authorization(repositories) if self._auth else None

    def connect(self) -> contextlib.closing[HTTPSConnection]:
        """Return a connection of the rig's own, to be used in a `with`."""
        context = ssl.create_default_context(cafile=self.ca)
        return contextlib.closing(HTTPSConnection("localhost", self._port, context=context, timeout=60))

    def blob_file(self, digest: str) -> Path:
        """Return the file in which a blob, or a manifest, of any repository is stored."""
        algorithm, _, value = digest.partition(":")
        return self.storage / "docker/registry/v2/blobs" / algorithm / value[:2] / value / "data"

    def requests(self) -> list[Request]:
        """Return all requests answered so far, oldest first. The registry must be running."""
        return self._logged(0, self._log_mark())

    @contextlib.contextmanager
    def recording(self) -> Iterator[Recording]:
        """Record what is answered during the block. The registry must be running at its begin and its end."""
        start = self._log_mark()
        recording = Recording(self)
        yield recording
        recording.requests = self._logged(start, self._log_mark())

    def _configuration(self) -> dict[str, Any]:
        return {
            "version": "0.1",
            "log": {"level": "info"},
            "storage": {
                "filesystem": {"rootdirectory": str(self.storage)},
                "delete": {"enabled": True},
                "maintenance": {
                    "uploadpurging": {"enabled": False},
                    "readonly": {"enabled": self.read_only},
                },
            },
            "http": {
                "addr": f"127.0.0.1:{self._port}",
                "secret": "upload sessions survive a restart",
                "tls": {
                    "certificate": str(self._certificate.certificate),
                    "key": str(self._certificate.key),
                },
            },
            "auth": self._auth.configuration(self._directory) if self._auth else {},
        }

    def _listening(self) -> bool:
        found = re.search(r"listening on 127\.0\.0\.1:(\d+), tls", self._error_log.read_text())
        if found:
            self._port = int(found[1])
        return bool(found)

    def _log_mark(self) -> int:
        """Return the end of the log, in bytes, once all that was answered before this call is in it."""
        marker = f"{_MARKER_AGENT}-{secrets.token_hex(8)}"
        before = self._access_log.stat().st_size
        with self.connect() as connection:
            connection.request("GET", "/v2/", headers={"User-Agent": marker})
            connection.getresponse().read()

        def rest() -> bytes:
            with self._access_log.open("rb") as log:
                log.seek(before)
                return log.read()

        end_of_marker = f'"{marker}"\n'.encode()
        wait_until(lambda: end_of_marker in rest(), "the log to be complete")
        return before + rest().index(end_of_marker) + len(end_of_marker)

    def _logged(self, start: int, end: int) -> list[Request]:
        lines = self._access_log.read_bytes()[start:end].decode().splitlines()
        requests = [_parse(line) for line in lines]
        return [request for request in requests if not request.user_agent.startswith(_MARKER_AGENT)]


def _parse(line: str) -> Request:
    found = _LOG_LINE.fullmatch(line)
    if not found:
        raise ValueError(f"not a line of an access log: {line}")
    uri = urlsplit(found["uri"])
    return Request(
        method=found["method"],
        path=uri.path,
        query=dict(parse_qsl(uri.query)),
        status=int(found["status"]),
        response_bytes=int(found["bytes"]),
        user_agent=found["agent"],
    )


def _htpasswd_line(user: str, password: str) -> str:
    done = subprocess.run(
        ["htpasswd", "-n", "-i", "-B", "-C", "4", user],
        input=password,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    return done.stdout.strip() + "\n"


def _on_small_disk(directory: Path, capacity_bytes: int, command: list[str]) -> list[str]:
    """Return the command that runs `command` with a disk of its own at `directory`."""
    directory.mkdir(exist_ok=True)
    script = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@"'
    namespaces = ["unshare", "--user", "--map-root-user", "--mount"]
    return [*namespaces, "sh", "-c", script, "sh", str(capacity_bytes), str(directory), *command]
