"""The queue: what has been asked for and has not begun.

An item that has left says which build it became, but only for five minutes, and not beyond a restart of the controller;
the build knows its item's number for good.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from promoter.errors import NotFound
from promoter.jenkins.answers import Object
from promoter.jenkins.api import JenkinsApi
from promoter.jenkins.parameters import GIVEN, given

_FIELDS = f"id,why,cancelled,executable[number],task[url],{GIVEN}"
_LOCATION = re.compile(r"/queue/item/(\d+)/?$")


class Item(NamedTuple):
    """A queue item, as Jenkins gave it."""

    fields: Object

    @property
    def number(self) -> int:
        """What it is known by."""
        return int(self.fields["id"])

    @property
    def why(self) -> str:
        """What it waits for; nothing once it has left."""
        return str(self.fields.get("why") or "")

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody took it out of the queue."""
        return bool(self.fields.get("cancelled"))

    @property
    def build(self) -> int | None:
        """The number of the build that it became."""
        number = (self.fields.get("executable") or {}).get("number")
        return None if number is None else int(number)

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters it was given."""
        return given(self.fields)

    def is_of(self, job_path: str) -> bool:
        """Tell whether it is for the job at this path, the controller's prefix included.

        The host is whichever Jenkins has noted as its own; and it escapes less in its URLs than we do.
        """
        url = str((self.fields.get("task") or {}).get("url"))
        return unquote(urlsplit(url).path).rstrip("/") == unquote(job_path)


def get_item(api: JenkinsApi, number: int) -> Item:
    """Get a queue item.

    Raises:
        NotFound: it is not remembered any more, or never was.
        NotPermitted, Unreachable: it cannot be had.

    """
    return Item(api.get(f"/queue/item/{number}", _FIELDS))


def items_of(api: JenkinsApi, job_path: str) -> list[Item]:
    """Return what of a job waits in the queue.

    Raises:
        NotFound: there is no Jenkins.
        NotPermitted, Unreachable: it cannot be looked at.

    """
    try:
        items = api.get("/queue", f"items[{_FIELDS}]").get("items") or []
    except NotFound:
        api.require_jenkins()
        raise
    path = urlsplit(api.url).path + job_path
    return [item for item in map(Item, items) if item.is_of(path)]


def item_at(location: str) -> int | None:
    """Return the queue item that a `Location` names, whose host is only what the request said."""
    found = _LOCATION.search(location)
    return int(found[1]) if found else None
