"""Crumbs: what Jenkins wants beside a password before it changes anything; API tokens need none.

A crumb is good only together with the session that it was given in.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from promoter.jenkins.answers import Answer

ISSUER = "/crumbIssuer/api/json"
_SESSION = re.compile(r"(?:^|[,;\s])(JSESSIONID[^=,;\s]*=[^,;\s]+)")


def crumb_headers(answer: Answer) -> dict[str, str]:
    """Return the headers that an answer of the issuer gives; none where it gives no crumb."""
    document = answer.document if answer.status == HTTPStatus.OK else None
    if not document or not {"crumb", "crumbRequestField"} <= document.keys():
        return {}
    session = _SESSION.search(answer.headers.get("Set-Cookie"))
    crumb = {str(document["crumbRequestField"]): str(document["crumb"])}
    return crumb | ({"Cookie": session[1]} if session else {})
