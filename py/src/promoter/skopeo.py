"""The one door to the skopeo binary.

skopeo gets its credentials through authfiles in a private directory, an environment with nothing in it that it does not
need, and no more time than the command has. It is stopped when the command is, and waited for.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from promoter.credentials.authfile import write_authfile
from promoter.credentials.sources import Credential
from promoter.errors import (
    NotFound,
    NotPermitted,
    PassingFailure,
    PromoterError,
    Refused,
    Unreachable,
    VerificationFailed,
    WrongUsage,
)
from promoter.http.deadline import Deadline
from promoter.http.patience import Patience
from promoter.http.persistence import persist
from promoter.http.trust import Trust
from promoter.http.waits import Waits
from promoter.model.reference import ImageReference
from promoter.processes import Ended, ask_version, private_directory, run

_INHERITED = (
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
)

_ASK_FOR_RIGHTS = "Check that the credentials may pull from the source and push to the destination."
_CHECK_SOURCE = "It may have been deleted or pruned meanwhile. Build it again, or promote another one."
_CHECK_TRUST = "Name the authority that signed the registry's certificate (--source-ca, --destination-ca, or `ca:`)."
_CHECK_BYTES = "The image cannot be brought over byte for byte; look at what the source registry serves."
_CHECK_STORE = "Free space in the registry's storage, or wait until it takes writes again; then run this again."
_MEET_POLICY = "skopeo's policy.json takes no such image: let it be signed as the policy demands."
_MEND_POLICY = "Mend skopeo's policy.json (/etc/containers/policy.json), or put one there."
_UPGRADE = "Install skopeo 1.6 or newer; older ones cannot keep digests."
_OLDEST = (1, 6)
_RUN_AGAIN = "Look at the registries' logs, then run this again: what is there is not copied again."

_STATUS = r"status(?:code)?:? "
_MEANINGS: tuple[tuple[str, type[PromoterError], str], ...] = (
    (r"unknown flag", WrongUsage, _UPGRADE),
    (r"rejected by policy|source image rejected|signature was required", Refused, _MEET_POLICY),
    (r"trust policy", WrongUsage, _MEND_POLICY),
    (r"x509|certificate", Unreachable, _CHECK_TRUST),
    (rf"unauthorized|authentication required|denied|{_STATUS}40[13]|username/password", NotPermitted, _ASK_FOR_RIGHTS),
    (rf"manifest unknown|name unknown|blob unknown|not found|{_STATUS}404", NotFound, _CHECK_SOURCE),
    (r"did not match|does not match|would change the manifest", VerificationFailed, _CHECK_BYTES),
    (rf"{_STATUS}405|no space|insufficient storage|{_STATUS}507|unsupported", Unreachable, _CHECK_STORE),
)
"""What skopeo's last words mean, the first that fits; whatever is not in here may pass by itself."""


class End(NamedTuple):
    """One side of a copy.

    Args:
        reference: the image, by digest.
        credential: what to log in with.
        trust: whose certificate to accept.

    """

    reference: ImageReference
    credential: Credential
    trust: Trust


Say = Callable[[str], None]


def copy(source: End, destination: End, deadline: Deadline, patience: Patience, *, say: Say, say_more: Say) -> None:
    """Copy an image with all its platforms, keeping every digest.

    Args:
        source: where from.
        destination: where to; by digest, so that no tag is touched.
        deadline: when to stop.
        patience: how often to try again what failed in passing.
        say: gets what people want to know: that a copy failed, and when it will be tried again.
        say_more: gets skopeo's own lines as they come.

    Raises:
        WrongUsage: skopeo is missing or too old.
        NotPermitted, NotFound, VerificationFailed, Unreachable: what skopeo said, by its class.
        TimedOut: the deadline passed.

    """
    _require_installed()
    with private_directory() as private:
        command = ["skopeo", "copy", "--all", "--preserve-digests"]
        command += [*_side("src", source, private), *_side("dest", destination, private)]
        command += [f"docker://{source.reference}", f"docker://{destination.reference}"]
        image = str(destination.reference)
        persist(lambda: _run(command, private, deadline, say_more, image), patience, deadline, Waits(say))


def version() -> str:
    """Ask skopeo for its version, such as `1.9.3`.

    Raises:
        WrongUsage: skopeo is missing, too old, or something else has its name.

    """
    _require_installed()
    return ask_version("skopeo", {"PATH": os.environ.get("PATH", os.defpath)}, _OLDEST, _UPGRADE)


def _require_installed() -> None:
    if shutil.which("skopeo") is None:
        raise WrongUsage(
            "skopeo is not installed, or not on PATH.", "Use the agent image, or install skopeo 1.6 or newer."
        )


def _side(side: str, end: End, private: Path) -> list[str]:
    """Make the flags of one side; files they need go into the private directory."""
    authfile = write_authfile(private / f"{side}-auth.json", end.reference.registry, end.credential)
    flags = [f"--{side}-authfile={authfile}", f"--{side}-tls-verify={str(end.trust.verify).lower()}"]
    if end.trust.ca:
        certificates = private / f"{side}-certificates"
        certificates.mkdir()
        shutil.copyfile(end.trust.ca, certificates / "ca.crt")
        flags.append(f"--{side}-cert-dir={certificates}")
    return flags


def _run(command: list[str], private: Path, deadline: Deadline, say: Say, image: str) -> None:
    doing = f"copying to {image}"
    ended = run(command, _environment(private), deadline.require(doing), say)
    if ended.status:
        deadline.require(doing)
        raise _failure(image, ended)


def _environment(private: Path) -> dict[str, str]:
    """Leave skopeo what it needs; what it keeps (logins, caches) goes into the private directory."""
    names = (*_INHERITED, *(name.lower() for name in _INHERITED))
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {**kept, "XDG_DATA_HOME": str(private), "XDG_RUNTIME_DIR": str(private), "LC_ALL": "C"}


def _failure(image: str, ended: Ended) -> PromoterError:
    said = " ".join(ended.last_lines[-2:]) or f"exit status {ended.status}"
    match = re.search(r'level=fatal msg="((?:[^"\\]|\\.)*)"', said)
    words = match[1].replace('\\"', '"') if match else said
    for pattern, kind, remedy in _MEANINGS:
        if re.search(pattern, words, re.IGNORECASE):
            return kind(f"skopeo could not copy {image}: {words}", remedy)
    return PassingFailure(f"skopeo could not copy {image}: {words}", _RUN_AGAIN)
