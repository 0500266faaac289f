"""Input steps: a build asks something, and somebody answers by REST."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs

from tests.support.cluster.answers import Answer

from . import pages


class Reply(NamedTuple):
    """Who answered, with which values; None is a rejection."""

    by: str
    values: dict[str, str] | None


class Rejected(Exception):
    """Ends a build that asked and was rejected."""


class Questions:
    """What a build asks, by the input step's ID."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, tuple[frozenset[str], Callable[[Reply], object]]] = {}

    def ask(self, name: str, parameters: Iterable[str], answered: Callable[[Reply], object]) -> None:
        """Ask for these parameters; `answered` is called with the first reply, by the thread that brings it."""
        with self._lock:
            self._open[name] = (frozenset(parameters), answered)

    def answer(self, name: str, action: str, body: bytes, user: str) -> Answer:
        """[B] Settled already, or never asked: 404; no form: 400; a parameter that is not asked for: 500."""
        if name not in self._open or action not in ("proceed", "abort"):
            raise pages.not_found()
        values = None if action == "abort" else self._values(name, body)
        with self._lock:
            _, answered = self._open.pop(name)
        answered(Reply(user, values))
        return Answer(HTTPStatus.OK, b"", "text/html;charset=utf-8")

    def _values(self, name: str, body: bytes) -> dict[str, str]:
        form = parse_qs(body.decode()).get("json")
        if form is None:
            raise pages.of_container(HTTPStatus.BAD_REQUEST, "This page expects a form submission")
        values = {one["name"]: one["value"] for one in json.loads(form[0])["parameter"]}
        if not values.keys() <= self._open[name][0]:
            raise pages.oops()
        return values
