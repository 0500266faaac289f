"""Image references: `registry.example.com:5000/project/name:tag@sha256:…`.

The grammar is that of the OCI distribution spec ("Pulling manifests": `<name>`, `<reference>`) with the registry's host
in front.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from promoter.errors import WrongUsage
from promoter.model.line import quoted

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::([0-9]{{1,5}}))?")
_PORTS = range(1, 65536)
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")
_LONGEST_REPOSITORY = 255
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_USER = re.compile(rf"\A({_SCHEME.pattern})?.*@(?!sha[0-9]+:[^/]*\Z|[a-f0-9]{{32,}}\Z)", re.DOTALL)
"""What stands in front of an @ that is not a digest's."""

_FORM = (
    "Write it as registry.example.com[:port]/project/name:tag, or …@sha256:<64 hex digits>, or environment/name:tag."
)


class ImageReference(NamedTuple):
    """A place of an image: registry and repository, with a tag, a digest, or both."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        """Write the reference as people and skopeo do."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"

    @property
    def locator(self) -> str:
        """What the registry is asked for: the digest where there is one, else the tag."""
        return self.digest or self.tag or ""

    def at(self, digest: str) -> ImageReference:
        """Return the same repository by digest alone."""
        return self._replace(tag=None, digest=digest)

    def tagged(self, tag: str) -> ImageReference:
        """Return the same repository by tag alone."""
        return self._replace(tag=checked_tag(tag), digest=None)


class ImageName(NamedTuple):
    """The part of a reference behind the registry or the environment: repository, tag, digest."""

    repository: str
    tag: str | None
    digest: str | None


def split_host(text: str) -> tuple[str | None, str]:
    """Split a reference into the registry's host, if its first part is one, and the rest.

    A first part is a host if it has a dot or a port, or is `localhost`; otherwise it is an environment's name.

    Raises:
        WrongUsage: a scheme or a user stands in front.

    """
    _require_plain(text)
    first, slash, rest = text.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        return first, rest
    return None, text


def without_user(text: str) -> str:
    """Return what was written as an image or a registry, for a message: `…@` hides a user and a password in it."""
    return _USER.sub(lambda match: f"{match[1] or ''}…@", text, count=1)


def _require_plain(text: str) -> None:
    """See that an image is written without a URL's scheme and user."""
    shown = without_user(text)
    if shown != text:
        raise WrongUsage(
            f"{quoted(shown)} is not an image reference: something is in front of an @ that begins no digest.",
            f"Leave user and password out, and name a credential source for them. {_FORM}",
        )
    if scheme := _SCHEME.match(text):
        raise WrongUsage(
            f"{quoted(shown)} is not an image reference: it has a scheme.", f"Leave {scheme[0]} out. {_FORM}"
        )


def parse_reference(text: str) -> ImageReference:
    """Read a full reference.

    Raises:
        WrongUsage: it is not one.

    """
    host, rest = split_host(text)
    if host is None:
        raise WrongUsage(f"{quoted(text)} is not an image reference: no registry host in front.", _FORM)
    if not is_host(host):
        raise WrongUsage(f"{quoted(text)} is not an image reference: {quoted(host)} is no host.", _FORM)
    name = parse_name(rest, whole=text)
    return ImageReference(host, name.repository, name.tag, name.digest)


def parse_name(text: str, whole: str | None = None, *, bare: bool = False) -> ImageName:
    """Read `repository[:tag][@digest]`, or a `bare` repository alone; `whole` is what an error quotes.

    Raises:
        WrongUsage: a part is malformed.

    """
    shown = whole or text
    _require_plain(shown)
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise WrongUsage(f"{quoted(shown)} is not an image reference: {quoted(digest)} is no sha256 digest.", _FORM)
    repository, colon, tag = rest.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise WrongUsage(f"{quoted(shown)} is not an image reference: {quoted(tag)} is no tag.", _FORM)
    if bare and (at or colon):
        raise WrongUsage(f"{quoted(shown)} names more than a repository.", "Leave tag and digest out of it.")
    if not _is_repository(repository):
        raise WrongUsage(f"{quoted(shown)} is not an image reference: {quoted(repository)} is no repository.", _FORM)
    return ImageName(repository, tag or None, digest or None)


def _is_repository(text: str) -> bool:
    return len(text) <= _LONGEST_REPOSITORY and _REPOSITORY.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Tell whether the text is a registry's host, with or without a port."""
    match = _HOST.fullmatch(text)
    return match is not None and (match[1] is None or int(match[1]) in _PORTS)


def checked_tag(tag: str) -> str:
    """Return the tag if it is one.

    Raises:
        WrongUsage: it is not.

    """
    if not _TAG.fullmatch(tag):
        raise WrongUsage(
            f"{quoted(tag)} is not a tag.",
            "A tag has 1 to 128 letters, digits, '_', '.' or '-', and begins with none of the last two.",
        )
    return tag


def checked_repository(name: str) -> str:
    """Return the name if it is a repository's, without the registry.

    Raises:
        WrongUsage: it is not.

    """
    if split_host(name)[0] is not None or not _is_repository(name):
        raise WrongUsage(
            f"{quoted(name)} is not a repository.",
            "Write project/name, in lower case, without registry, tag and digest.",
        )
    return name


def checked_digest(digest: str) -> str:
    """Return the digest if it is one.

    Raises:
        WrongUsage: it is not.

    """
    if not _DIGEST.fullmatch(digest):
        raise WrongUsage(f"{quoted(digest)} is not a digest.", "A digest is sha256: and 64 lower-case hex digits.")
    return digest
