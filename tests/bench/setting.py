"""Where the benchmarks run: two registries over TLS, one with tokens, one with passwords, and the commands."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.images import make_image
from tests.support.registries import Htpasswd, Registry, TokenAuth
from tests.support.registry_client import push
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

USER, PASSWORD = "promoter", "production password"
REPOSITORY = "shop-dev/web"
LAYERS = 10


class Setting:
    """The source registry, as many fresh destinations as are asked for, and a container tool's files for both."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._ca = CertificateAuthority(directory / "ca")
        tokens = stack.enter_context(TokenService(self._ca))
        self.source = stack.enter_context(Registry(directory / "source", self._ca, TokenAuth(tokens)))
        self._token = tokens.mint("system:serviceaccount:shop-dev:puller", {"shop-dev": "pull"})
        self._count = 0

    def image(self, tag: str, megabytes: int) -> str:
        """Push an image of that size, in ten layers, to the source, and return its reference."""
        layers = [megabytes * 1_000_000 // LAYERS] * LAYERS
        push(make_image(layers, media="docker", seed=f"bench-{megabytes}"), self.source, REPOSITORY, tag)
        return f"{self.source.host}/{REPOSITORY}:{tag}"

    def fresh(self) -> str:
        """Start an empty registry that no tool's cache knows, and return its host."""
        self._count += 1
        directory = self._directory / f"destination-{self._count}"
        return self._stack.enter_context(Registry(directory, self._ca, Htpasswd({USER: PASSWORD}))).host

    def promoter(self, source: str, destination: str) -> list[str]:
        """Return the command that promotes."""
        sides = {"source": source, "destination": destination}
        flags = [f"--{side}-credentials=authfile:{self._authfile(at)}" for side, at in sides.items()]
        trust = [f"--{side}-ca={self._ca.certificate}" for side in sides]
        return [str(Path(sys.executable).with_name("promoter")), "promote", source, destination, *flags, *trust]

    def skopeo(self, source: str, destination: str) -> list[str]:
        """Return the command that copies with nothing but skopeo."""
        certificates = self._directory / "certificates"
        certificates.mkdir(exist_ok=True)
        (certificates / "ca.crt").write_bytes(self._ca.certificate.read_bytes())
        flags = [f"--src-authfile={self._authfile(source)}", f"--dest-authfile={self._authfile(destination)}"]
        trust = [f"--src-cert-dir={certificates}", f"--dest-cert-dir={certificates}"]
        images = [f"docker://{source}", f"docker://{destination}"]
        return ["skopeo", "copy", "--quiet", "--all", "--preserve-digests", *flags, *trust, *images]

    def _authfile(self, reference: str) -> Path:
        host = reference.partition("/")[0]
        path = self._directory / f"auth-{host.rpartition(':')[2]}.json"
        if not path.exists():
            at_source = host == self.source.host
            pair = f"openshift:{self._token}" if at_source else f"{USER}:{PASSWORD}"
            path.write_text(json.dumps({"auths": {host: {"auth": b64encode(pair.encode()).decode()}}}))
        return path


@contextmanager
def setting() -> Iterator[Setting]:
    """Set everything up, and take it down again."""
    with TemporaryDirectory(prefix="bench-") as directory, ExitStack() as stack:
        yield Setting(Path(directory), stack)
