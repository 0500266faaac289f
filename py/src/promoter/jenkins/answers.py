"""What a controller answers, and its failures in words.

Jenkins' errors are pages, not JSON. What there is to know stands in the status, in a few headers (`X-Error`,
`X-Required-Permission`, `X-You-Are-Authenticated-As`), or else in the page's title.
"""

from __future__ import annotations

import html
import json
import re
from http import HTTPStatus
from typing import Any, NamedTuple

from promoter.credentials.sources import Credential
from promoter.errors import NotFound, NotPermitted, PromoterError, Unreachable
from promoter.http.connection import Response
from promoter.http.documents import read_text
from promoter.http.wire import Headers

Object = dict[str, Any]
_TITLE = re.compile(r"<title>\s*(?:Error \d{3} )?(.*?)\s*</title>", re.DOTALL | re.IGNORECASE)
_NO_CRUMB = "No valid crumb"
_PERMISSION = "X-Required-Permission"
_GROUPS = {"Item": "Job", "Hudson": "Overall"}
_LONGEST_REASON = 200


class Answer(NamedTuple):
    """What the controller said: status, headers and text."""

    status: int
    headers: Headers
    text: str

    @property
    def document(self) -> Object | None:
        """The JSON object it is, if it is one."""
        try:
            document = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    @property
    def reason(self) -> str:
        """Why, as far as it says so."""
        title = _TITLE.search(self.text)
        said = self.headers.get("X-Error") or (html.unescape(title[1]) if title else "")
        return said[:_LONGEST_REASON] or "no reason is given"

    @property
    def wants_crumb(self) -> bool:
        """Whether nothing was done for want of a crumb."""
        return self.status == HTTPStatus.FORBIDDEN and _NO_CRUMB in self.text

    @property
    def is_refusal(self) -> bool:
        """Whether the caller is not known, or may not."""
        return self.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def read(response: Response) -> Answer:
    """Read an answer to its end."""
    return Answer(response.status, response.headers, read_text(response))


def failure(answer: Answer, url: str, doing: str, credential: Credential) -> PromoterError:
    """Turn an answer that is no success into the error it means.

    Args:
        answer: what came.
        url: the controller.
        doing: what was asked for, as a verb and what follows it.
        credential: who asked.

    """
    said = f"Jenkins at {url} answered {answer.status} when asked to {doing}: {answer.reason}."
    if answer.status == HTTPStatus.UNAUTHORIZED:
        whose = f"of {credential.user}" if credential.user else "there; without a `user` it is sent as a bearer token"
        return NotPermitted(said, f"{credential.source} is no valid API token {whose}: make a new one.")
    if answer.status == HTTPStatus.FORBIDDEN:
        return _forbidden(answer, url, doing, credential)
    if answer.status == HTTPStatus.NOT_FOUND:
        return NotFound(
            said, "Check the URL and the job's name; to a user without Job/Read, a job is not there either."
        )
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return Unreachable(
            f"Jenkins at {url} leads elsewhere when asked to {doing}: {answer.headers.get('Location')}.",
            "Write the URL as Jenkins itself has it; a login page in front of it has to let API tokens pass.",
        )
    return Unreachable(said, "Look at Jenkins and its log, then run this again.")


def _forbidden(answer: Answer, url: str, doing: str, credential: Credential) -> NotPermitted:
    permission, user = answer.headers.get(_PERMISSION), answer.headers.get("X-You-Are-Authenticated-As")
    if "." in permission:
        named = _in_the_ui(permission)
        return NotPermitted(
            f"Jenkins at {url} does not let {user or credential.source} {doing}: {named} is missing ({permission}).",
            f"Give {user or 'that user'} {named}, where Jenkins keeps its permissions.",
        )
    if credential.is_anonymous:
        return NotPermitted(
            f"Jenkins at {url} lets nobody {doing} who has not logged in.",
            "Give the route's section `user` and `credentials`, with an API token of that user.",
        )
    return NotPermitted(
        f"Jenkins at {url} answered 403 when asked to {doing}: {answer.reason}.",
        f"See what whoever has {credential.source} may do there, and whether what is in front of Jenkins denies it.",
    )


def _in_the_ui(permission: str) -> str:
    """Return a permission as people tick it: `hudson.model.Item.Build` is Job/Build."""
    group, name = permission.split(".")[-2:]
    return f"{_GROUPS.get(group, group)}/{name}"
