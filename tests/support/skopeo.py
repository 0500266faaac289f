"""Raw skopeo, as tests and benchmarks compare with it."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path


class Skopeo:
    """The skopeo binary with an authfile and a directory of trusted CAs of its own."""

    def __init__(self, directory: Path, ca: Path) -> None:
        self._directory = directory
        self._certificates = directory / "certs"
        self._certificates.mkdir(parents=True)
        shutil.copy(ca, self._certificates / "ca.crt")
        self._logins: dict[str, dict[str, str]] = {}

    def login(self, host: str, user: str, password: str) -> None:
        """Use these credentials for a registry from now on."""
        self._logins[host] = {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
        authfile = self._directory / "auth.json"
        authfile.touch(mode=0o600)
        authfile.write_text(json.dumps({"auths": self._logins}))

    def copy(self, source: str, destination: str) -> None:
        """Copy "HOST/REPOSITORY:TAG" (or @DIGEST) with all its platforms, its digests preserved.

        Raises subprocess.CalledProcessError with what skopeo said.
        """
        subprocess.run(
            [
                "skopeo",
                "copy",
                "--all",
                "--preserve-digests",
                f"--authfile={self._directory / 'auth.json'}",
                f"--src-cert-dir={self._certificates}",
                f"--dest-cert-dir={self._certificates}",
                f"docker://{source}",
                f"docker://{destination}",
            ],
            check=True,
            capture_output=True,
            text=True,
        )
