"""What a registry has to tell, held in memory: documents of a bounded size, and lists of many pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any

from promoter.errors import Unreachable, VerificationFailed
from promoter.http.connection import Response, resolve
from promoter.http.patience import TryAgain
from promoter.registry.scopes import Scopes
from promoter.registry.session import RegistrySession

_LARGEST = 4 * 1024 * 1024
_NEXT_PAGE = re.compile(r"""<([^<>]+)>[^<>]*;\s*rel\s*=\s*["']?next\b""", re.IGNORECASE)
_SAYS_NEXT = re.compile(r"""\brel\s*=\s*["']?next\b""", re.IGNORECASE)


class Documents:
    """The documents of a repository.

    Args:
        session: its registry.
        scopes: what its user needs there.

    """

    def __init__(self, session: RegistrySession, scopes: Scopes) -> None:
        self._session = session
        self._scopes = scopes

    def get(self, path: str, doing: str, headers: dict[str, str] | None = None) -> tuple[Response, bytes]:
        """Get something small, and its body if there is one; again from the beginning if that breaks off."""

        def attempt() -> tuple[Response, bytes]:
            response = self._session.request("GET", path, self._scopes, headers, once=True)
            if response.status != HTTPStatus.OK:
                return response, b""
            return response, b"".join(at_most(response.chunks(), _LARGEST, doing))

        try:
            return self._session.http.persist(attempt)
        except TryAgain as last:
            return last.response, b""

    def pages(self, path: str, doing: str, headers: dict[str, str] | None = None) -> Iterator[tuple[Response, bytes]]:
        """Get a list page by page; whoever asks stops at an answer that is no page.

        Raises:
            Unreachable: the next page is not named, or was one before.

        """
        url: str | None = path
        seen: set[str] = set()
        while url:
            if url in seen:
                raise self._nonsense(doing, "its pages lead in a circle")
            seen.add(url)
            response, content = self.get(url, doing, headers)
            yield response, content
            try:
                following = next_page(response.headers.get("Link"))
            except ValueError as error:
                raise self._nonsense(doing, str(error)) from error
            url = resolve(response.url, following) if following else None

    def entries(self, content: bytes, field: str, is_right: Callable[[Any], bool], doing: str) -> list[Any]:
        """Return a list that a JSON object has under a field; null stands for an empty one.

        Raises:
            Unreachable: it is something else, or has something else in it.

        """
        try:
            entries = json.loads(content)[field]
        except (ValueError, RecursionError, LookupError, TypeError) as error:
            raise self._nonsense(doing, f"it sent no JSON object with {field!r}") from error
        if entries is None:
            return []
        if not isinstance(entries, list) or not all(map(is_right, entries)):
            raise self._nonsense(doing, f"what it sent under {field!r} is something else")
        return entries

    def _nonsense(self, doing: str, why: str) -> Unreachable:
        return Unreachable(
            f"{self._session.host} gives no answer that can be used: {why} ({doing}).",
            "Look at what answers under this host name, and at what is in front of it.",
        )


def next_page(link: str) -> str | None:
    """Return the URL of the next page from a `Link: <…>; rel="next"` header (RFC 8288), if there is one.

    Raises:
        ValueError: there is one, and it is not said where.

    """
    if match := _NEXT_PAGE.search(link):
        return match[1]
    if _SAYS_NEXT.search(link):
        raise ValueError("its Link names no next page")
    return None


def at_most(chunks: Iterable[bytes], limit: int, doing: str) -> Iterator[bytes]:
    """Yield what comes.

    Raises:
        VerificationFailed: it is more than the limit, in bytes.

    """
    seen = 0
    for chunk in chunks:
        seen += len(chunk)
        if seen > limit:
            raise VerificationFailed(
                f"{doing}: more than {limit} bytes came.",
                "The registry does not keep to the size it stated; do not use it.",
            )
        yield chunk
