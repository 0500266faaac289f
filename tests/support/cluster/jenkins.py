"""The log pages of the Jenkins that runs the pipelines, as jenkins-observations A6 shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from .access import ANONYMOUS
from .answers import Answer
from .logs import BuildLog
from .runs import Runs

TEXT = "text/plain;charset=utf-8"

_LOG = re.compile(
    r"/jenkins/job/(?P<project>[^/]+)/job/(?P<job>[^/]+)/(?P<number>\d+)"
    r"/(?P<page>consoleText|logText/progressiveText)"
)
_FORBIDDEN = Answer(HTTPStatus.FORBIDDEN, b"<html>Authentication required</html>", "text/html;charset=utf-8")
_NOT_FOUND = Answer(HTTPStatus.NOT_FOUND, b"<html>Not Found</html>", "text/html;charset=iso-8859-1")
_OOPS = Answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"<html>Oops!</html>", "text/html;charset=utf-8")


def log_page(runs: Runs, user: str, path: str, query: Mapping[str, str]) -> Answer:
    """Answer a request below /jenkins/: any user's token will do."""
    if user == ANONYMOUS:
        return _FORBIDDEN
    found = _LOG.fullmatch(path)
    run = found and runs.of_job(found["project"], found["job"], int(found["number"]))
    if not found or not run:
        return _NOT_FOUND
    if found["page"] == "consoleText":
        return Answer(HTTPStatus.OK, run.text.read()[0], TEXT)
    return progressive_text(run.text, query.get("start", "0"))


def progressive_text(text: BuildLog, start: str) -> Answer:
    """[A6] Offsets count raw bytes; the body has CRLF; a start beyond the end gets everything."""
    if not re.fullmatch(r"-?\d+", start):
        return _OOPS
    raw, complete = text.read()
    offset = int(start) if int(start) <= len(raw) else 0
    piece = raw[offset:] if offset >= 0 else b""
    headers = {"X-Text-Size": str(len(raw))} | ({} if complete else {"X-More-Data": "true"})
    return Answer(HTTPStatus.OK, piece.replace(b"\n", b"\r\n"), TEXT, headers)
