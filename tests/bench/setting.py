"""Where the benchmarks run: registries over TLS, with tokens or with passwords, and what logs in there.

Releases go from tokens to tokens, as between clusters. A registry checks a password's slow hash with each request, so
that many small requests would measure that.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.peers import Access, Job
from tests.bench.workloads import DESTINATION_PROJECT, SOURCE_PROJECT, Listed
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
        self._tokens = tokens
        self._pulling = tokens.mint("system:serviceaccount:shop-dev:puller", {SOURCE_PROJECT: "pull"})
        self._pushing = tokens.mint("system:serviceaccount:shop:pusher", {DESTINATION_PROJECT: "pull,push"})
        self._count = 0

    def destination(self) -> AbstractContextManager[Registry]:
        """Start an empty registry with tokens that no tool's cache knows; all of it is gone afterwards."""
        return self._registry(TokenAuth(self._tokens))

    def lasting_destination(self) -> Registry:
        """Start such a registry that stays until the end."""
        return self._stack.enter_context(self.destination())

    def with_password(self) -> Registry:
        """Start such a registry that stays until the end, and takes a password."""
        return self._stack.enter_context(self._registry(Htpasswd({_USER: _PASSWORD})))

    @contextmanager
    def _registry(self, auth: Htpasswd | TokenAuth) -> Iterator[Registry]:
        directory = self._new_directory("destination")
        try:
            with Registry(directory, self.ca, auth) as registry:
                yield registry
        finally:
            shutil.rmtree(directory)

    def authfile(self, reference: str) -> Path:
        """Return a file with the credentials for a reference's registry: the source, or one with a password."""
        host = reference.partition("/")[0]
        access = self._reading(host) if host == self.source.host else Access(host, _USER, _PASSWORD)
        path = self.directory / f"auth-{access.host.rpartition(':')[2]}.json"
        path.write_text(json.dumps({"auths": {access.host: access.docker_auth}}))
        return path

    def job(self, images: Sequence[Listed], source: str, destination: str, parallel: int) -> Job:
        """Return what a tool is to do between hosts that lead to the source and to a destination."""
        home = self._new_directory("home")
        return Job(home, self._reading(source), self._writing(destination), self.certificates, images, parallel)

    def _reading(self, host: str) -> Access:
        return Access(host, "openshift", self._pulling)

    def _writing(self, host: str) -> Access:
        return Access(host, "openshift", self._pushing)

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
