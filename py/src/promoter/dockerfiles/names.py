"""Names of images and platforms, as BuildKit checks them before it asks a registry.

The grammars are those of github.com/distribution/reference and github.com/containerd/platforms.
"""

from __future__ import annotations

import re

from promoter.dockerfiles.characters import lower
from promoter.dockerfiles.unbuildable import Unbuildable
from promoter.model.line import quoted

_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_COMPONENT}(?:\.{_COMPONENT})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:{_DOMAIN}/)?(?P<path>{_PATH}(?:/{_PATH})*)(?::\w[\w.-]{{0,127}})?(?:@(?P<digest>[^/@]+))?", re.ASCII
)
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}")
_ID = re.compile(r"[a-f0-9]{64}")
_LONGEST_PATH = 255
_HUB = ("docker.io", "index.docker.io")

_OS = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*(?:\+[A-Za-z0-9_.%-]+)*)\))?")
_ARCHITECTURE_OR_VARIANT = re.compile(r"[A-Za-z0-9_.-]+")
_LONE_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")
_PARTS = range(2, 4)
_SYSTEMS = (
    "aix|android|darwin|dragonfly|freebsd|hurd|illumos|ios|js|linux|macos|nacl|netbsd|openbsd|plan9|solaris|windows|zos"
)
_ARCHITECTURES = (
    "386|aarch64|amd64|amd64p32|arm|arm64|arm64be|armbe|armel|armhf|i386|loong64|mips|mips64|mips64le|mips64p32|"
    "mips64p32le|mipsle|ppc|ppc64|ppc64le|riscv|riscv64|s390|s390x|sparc|sparc64|wasm|x86-64|x86_64"
)
_KNOWN = frozenset((*_SYSTEMS.split("|"), *_ARCHITECTURES.split("|")))
"""The operating systems and architectures that may stand alone."""


def require_image(name: str) -> None:
    """See that an image is named.

    Raises:
        Unbuildable: this is no image's name.

    """
    domain, slash, rest = name.partition("/")
    if not slash:
        whole = f"docker.io/library/{name}"
    elif domain in _HUB:
        whole = f"docker.io/{rest if '/' in rest else f'library/{rest}'}"
    elif domain == "localhost" or "." in domain or ":" in domain or lower(domain) != domain:
        whole = name
    else:
        whole = f"docker.io/{name}"
    match = _REFERENCE.fullmatch(whole)
    valid = match is not None and len(match["path"]) <= _LONGEST_PATH and not _ID.fullmatch(name)
    if not match or not valid or (match["digest"] is not None and not _DIGEST.fullmatch(match["digest"])):
        raise Unbuildable(f"{quoted(name)} is not the name of an image")


def require_platform(platform: str) -> None:
    """See that a platform is named: `os/architecture`, with a variant or not, or one of the two that is known.

    Raises:
        Unbuildable: this is no platform's name.

    """
    first, *others = parts = platform.split("/")
    system = _OS.fullmatch(first)
    alone = len(parts) == 1 and system and (lower(system[1]) in _KNOWN or lower(first) in _KNOWN)
    complete = len(parts) in _PARTS and all(map(_ARCHITECTURE_OR_VARIANT.fullmatch, others))
    if not system or not (alone or complete) or _LONE_PERCENT.search(system[2] or ""):
        raise Unbuildable(f"{quoted(platform)} is not a platform")
