"""The Generic Webhook Trigger plugin, as a real controller with it answered."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from tests.support.cluster.answers import Answer
from tests.support.cluster.request import Request

from .jobs import Definition, GenericTrigger, Job
from .queue import Item

_NO_JOBS = "Did not find any jobs with GenericTrigger configured!\n"
_UUID = "jenkins-generic-webhook-trigger-plugin_uuid"
Document = dict[str, Any]
Start = Callable[[Job, dict[str, str | bool]], Item]


def invoke(request: Request, token: str, jobs: Iterable[Job], start: Start) -> Answer:
    """Start all jobs that have the token; it is never refused, it finds none."""
    found = [(job, job.trigger) for job in jobs if job.trigger and job.trigger.token == token]
    if not found:
        supplied = "A token was supplied.\n" if token else "No token was supplied.\n"
        return _answer(HTTPStatus.NOT_FOUND, {"jobs": None, "message": f"{_NO_JOBS}{supplied}"})
    body, told = json.loads(request.body), dict[str, Document | str]()
    for job, trigger in found:
        try:
            result = _trigger(job, trigger, body, start)
        except re.error as error:
            told[job.name] = f"Exception occurred ({error}), full stack trace in Jenkins server log."
        else:
            told |= {} if trigger.silent else {job.name: result}
    failed = [job for job, result in told.items() if isinstance(result, str)]
    if len(failed) == len(told):
        return Answer(HTTPStatus.OK, b"", "text/plain")
    if failed:
        message = "There were errors when triggering jobs."
        return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"jobs": told, "message": message})
    return _answer(HTTPStatus.OK, {"jobs": told, "message": "Triggered jobs."})


def _trigger(job: Job, trigger: GenericTrigger, body: dict[str, str], start: Start) -> Document:
    resolved = {name: value for name, value in body.items() if trigger.variables is None or name in trigger.variables}
    text = trigger.text
    for name, value in resolved.items():
        text = text.replace(f"${name}", value)
    fields: Document = {
        "id": 0,
        "regexpFilterExpression": trigger.expression,
        "regexpFilterText": text,
        "resolvedVariables": resolved,
        "triggered": False,
        "url": "",
    }
    if not re.search(trigger.expression, text) or job.disabled:
        return fields
    values = {one.name: _value(one, resolved) for one in job.definitions}
    item = start(job, values | {_UUID: str(uuid.uuid4())})
    return fields | {"id": item.number, "triggered": True, "url": f"queue/item/{item.number}/"}


def _value(definition: Definition, resolved: dict[str, str]) -> str | bool:
    """What is missing or empty has its default; whether a value is one of the choices is not looked at."""
    text = resolved.get(definition.name) or definition.default
    return text.lower() == "true" if definition.type == "Boolean" else text


def _answer(code: int, document: Document) -> Answer:
    return Answer(code, json.dumps(document).encode(), "application/json;charset=utf-8")
