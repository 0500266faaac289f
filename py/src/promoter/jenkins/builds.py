"""Builds: what they say about themselves."""

from __future__ import annotations

from typing import NamedTuple

from promoter.jenkins.answers import Object
from promoter.jenkins.parameters import GIVEN, given

FIELDS = f"number,url,building,result,queueId,{GIVEN}"
SUCCESS = "SUCCESS"


class Build(NamedTuple):
    """A build, as Jenkins gave it."""

    fields: Object

    @property
    def number(self) -> int:
        """Its number in its job."""
        return int(self.fields["number"])

    @property
    def item(self) -> int:
        """The number of the queue item that it was."""
        return int(self.fields["queueId"])

    @property
    def has_ended(self) -> bool:
        """Whether it is over; a result alone does not say so, since steps set one on the way."""
        return not self.fields.get("building", True)

    @property
    def result(self) -> str:
        """How it ended: SUCCESS, UNSTABLE, FAILURE, NOT_BUILT or ABORTED."""
        return str(self.fields.get("result"))

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters it was given."""
        return given(self.fields)
