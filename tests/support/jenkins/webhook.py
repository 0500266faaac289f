"""The Generic Webhook Trigger plugin, after its `GenericWebHookRequestReceiver` and `GenericTrigger`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from tests.support.cluster.answers import Answer
from tests.support.cluster.request import Request

from .jobs import GenericTrigger, Job
from .queue import Item

_NO_JOBS = "Did not find any jobs with GenericTrigger configured!\nA token was supplied.\n"
_UUID = "jenkins-generic-webhook-trigger-plugin_uuid"
Document = dict[str, Any]
Start = Callable[[Job, dict[str, str | bool]], Item]


def invoke(request: Request, token: str, jobs: Iterable[Job], start: Start) -> Answer:
    """Start all jobs that have the token; it is never refused, it finds none."""
    found = [(job, job.trigger) for job in jobs if job.trigger and job.trigger.token == token]
    if not found:
        return _answer(HTTPStatus.NOT_FOUND, {"message": _NO_JOBS})
    body = json.loads(request.body)
    results = {job.name: _trigger(job, trigger, body, start) for job, trigger in found}
    if all(trigger.silent for _, trigger in found):
        return Answer(HTTPStatus.OK, b"", "text/plain")
    return _answer(HTTPStatus.OK, {"jobs": results, "message": "Triggered jobs."})


def _trigger(job: Job, trigger: GenericTrigger, body: dict[str, str], start: Start) -> Document:
    resolved = {name: value for name, value in body.items() if trigger.variables is None or name in trigger.variables}
    fields: Document = {
        "id": 0,
        "regexpFilterExpression": "",
        "regexpFilterText": "",
        "resolvedVariables": resolved,
        "triggered": False,
        "url": "",
    }
    if job.disabled or not trigger.matches:
        return fields
    item = start(job, job.values(resolved) | {_UUID: job.name})
    return fields | {"id": item.number, "triggered": True, "url": f"queue/item/{item.number}/"}


def _answer(code: int, document: Document) -> Answer:
    return Answer(code, json.dumps(document).encode(), "application/json;charset=UTF-8")
