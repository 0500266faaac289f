"""Faults that tests ask for: what goes wrong with the next requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from .answers import BUILDS, PLAIN_UTF8, Answer, Document
from .objects import Objects

SERVICE_UNAVAILABLE = Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"service unavailable\n", PLAIN_UTF8)  # [14]


@dataclass(frozen=True)
class WebhookFault:
    """What happens to one webhook request; by default nothing."""

    answer: Answer | None = None
    edit: Callable[[Document], Document] | None = None
    drop: bool = False
    delay_s: float = 0.0


class Faults:
    """Faults to come, used up in the order they were asked for."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._lock = threading.Lock()
        self._webhooks: list[WebhookFault] = []
        self._unavailable = 0
        self._lost = 0
        self._before_builds: list[Callable[[], object]] = []
        self._before_tags: list[Callable[[], object]] = []

    def next_webhook(
        self,
        *,
        answer: Answer | None = None,
        edit: Callable[[Document], Document] | None = None,
        drop: bool = False,
        delay_s: float = 0.0,
        times: int = 1,
    ) -> None:
        """Spoil the next webhook requests.

        `answer` is sent instead, and no build is made. `edit` changes the Build that the client is shown.
        With `drop` the build is made and the connection closed without an answer. `delay_s` comes first.
        """
        with self._lock:
            self._webhooks += [WebhookFault(answer, edit, drop, delay_s)] * times

    def unavailable(self, requests: int) -> None:
        """Answer 503 to the next requests for OpenShift's own API; the core API goes on [14]."""
        with self._lock:
            self._unavailable += requests

    def lose_started(self, builds: int) -> None:
        """Close the connection without an answer once the next builds were instantiated."""
        with self._lock:
            self._lost += builds

    def before_build(self, change: Callable[[], object]) -> None:
        """Do this just before the next build is instantiated: somebody else was faster."""
        with self._lock:
            self._before_builds.append(change)

    def before_tag(self, change: Callable[[], object]) -> None:
        """Do this just before the next request that sets a tag is answered: somebody else was faster."""
        with self._lock:
            self._before_tags.append(change)

    def vanish(self, project: str, build: str) -> None:
        """Make a Build 404 from now on; a run that has begun goes on."""
        self._objects.delete(BUILDS, project, build)

    def take_webhook(self) -> WebhookFault:
        with self._lock:
            return self._webhooks.pop(0) if self._webhooks else WebhookFault()

    def come_before_tag(self) -> None:
        self._come(self._before_tags)

    def come_before_build(self) -> None:
        self._come(self._before_builds)

    def take_lost(self) -> bool:
        with self._lock:
            taken = self._lost > 0
            self._lost -= taken
            return taken

    def take_unavailable(self) -> bool:
        with self._lock:
            taken = self._unavailable > 0
            self._unavailable -= taken
            return taken

    def _come(self, changes: list[Callable[[], object]]) -> None:
        with self._lock:
            change = changes.pop(0) if changes else None
        if change:
            change()
