"""Where the benchmarks run: two registries over TLS, one with tokens, one with passwords, and what logs in there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.peers import Access, Job
from tests.bench.workloads import SOURCE_PROJECT, Listed
from tests.support.registries import Htpasswd, Registry, TokenAuth
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

_USER, _PASSWORD = "promoter", "production password"


class Setting:
    """The source registry, and as many empty destinations as are asked for.

    `ca` signed the certificates of all of them; it is also in the directory `certificates`, as skopeo looks for it.
    """

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self._stack = stack
        self.ca = CertificateAuthority(directory / "ca")
        self.certificates = self._with_ca(directory / "certificates")
        tokens = stack.enter_context(TokenService(self.ca))
        self.source = stack.enter_context(Registry(directory / "source", self.ca, TokenAuth(tokens)))
        self._token = tokens.mint("system:serviceaccount:shop-dev:puller", {SOURCE_PROJECT: "pull"})
        self._count = 0

    @contextmanager
    def destination(self) -> Iterator[Registry]:
        """Start an empty registry that no tool's cache knows; all of it is gone afterwards."""
        directory = self._new_directory("destination")
        try:
            with Registry(directory, self.ca, Htpasswd({_USER: _PASSWORD})) as registry:
                yield registry
        finally:
            shutil.rmtree(directory)

    def lasting_destination(self) -> Registry:
        """Start such a registry that stays until the end."""
        return self._stack.enter_context(self.destination())

    def authfile(self, reference: str) -> Path:
        """Return a file with the credentials for a reference's registry."""
        access = self._access(reference.partition("/")[0])
        path = self.directory / f"auth-{access.host.rpartition(':')[2]}.json"
        path.write_text(json.dumps({"auths": {access.host: access.docker_auth}}))
        return path

    def job(self, images: Sequence[Listed], source: str, destination: str, parallel: int) -> Job:
        """Return what a tool is to do between hosts that lead to the source and to a destination."""
        home = self._new_directory("home")
        return Job(home, self._reading(source), self._writing(destination), self.certificates, images, parallel)

    def _access(self, host: str) -> Access:
        return self._reading(host) if host == self.source.host else self._writing(host)

    def _reading(self, host: str) -> Access:
        return Access(host, "openshift", self._token)

    def _writing(self, host: str) -> Access:
        return Access(host, _USER, _PASSWORD)

    def _with_ca(self, directory: Path) -> Path:
        directory.mkdir()
        shutil.copy(self.ca.certificate, directory / "ca.crt")
        return directory

    def _new_directory(self, name: str) -> Path:
        self._count += 1
        directory = self.directory / f"{name}-{self._count}"
        directory.mkdir()
        return directory


@contextmanager
def setting() -> Iterator[Setting]:
    """Set everything up, and take it down again."""
    with TemporaryDirectory(prefix="bench-") as directory, ExitStack() as stack:
        yield Setting(Path(directory), stack)
