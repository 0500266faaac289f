"""The authfile that skopeo gets in place of passwords on its command line."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from promoter.credentials.sources import Credential


def write_authfile(path: Path, host: str, credential: Credential) -> Path:
    """Write a containers-auth.json(5) file that only its owner can read, and return its path.

    Args:
        path: the file to make; it must not exist.
        host: the registry, with its port.
        credential: an anonymous one makes a file with no entry, so that no other login is used by mistake.

    """
    return write_logins(path, {host: credential})


def write_logins(path: Path, logins: Mapping[str, Credential]) -> Path:
    """Write such a file with an entry for each registry; see `write_authfile`."""
    entries = {host: {"auth": _pair(one)} for host, one in logins.items() if not one.is_anonymous}
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"auths": entries}, file)
    return path


def _pair(credential: Credential) -> str:
    return b64encode(f"{credential.user}:{credential.secret}".encode()).decode()
