"""The section `gates` of a route: what has to be there before an image may pass."""

from __future__ import annotations

import re
from collections.abc import Sequence

from promoter.errors import WrongUsage
from promoter.model.duration import seconds
from promoter.model.line import quoted
from promoter.model.section import Section

_APPLICATION = re.compile(r"(?=.{1,47}\Z)[a-z0-9]+([._-][a-z0-9]+)*")
_PERSON = re.compile(r"[^\s,]+")


class Approval(Section):
    """The approval of people that a route asks for.

    Args:
        by: who may approve, by their user IDs in Jenkins; whoever asks for a promotion cannot approve it.
        approvers: how many different people have to.
        timeout: how long they are waited for.

    """

    by: tuple[str, ...]
    approvers: int = 1
    timeout: str = "24h"


class Permit(Section):
    """An inconsistency that a route lets pass.

    Args:
        code: its code.
        component: the component; another one with the same code does not pass.
        reason: why it may.

    """

    code: str
    component: str
    reason: str


class Constraints(Section):
    """The consistency with the product's build metadata that a route asks for.

    Args:
        permits: what may be inconsistent all the same.
        never_permit: codes that no permit may name.

    """

    permits: tuple[Permit, ...] = ()
    never_permit: tuple[str, ...] = ()


class Gates(Section):
    """The gates of a route.

    Args:
        sign_offs: applications that have to have verified the image, under their names, at the route's source.
        approval: the approval it takes; none if left out.
        constraints: what nothing inconsistent passes; inconsistencies are not looked at if left out.

    """

    sign_offs: tuple[str, ...] = ()
    approval: Approval | None = None
    constraints: Constraints | None = None


def checked_application(name: str) -> str:
    """Return the name of an application if it is one: it becomes part of a tag.

    Raises:
        WrongUsage: it is not.

    """
    if not _APPLICATION.fullmatch(name):
        raise WrongUsage(
            f"{quoted(name)} is no application's name.",
            "Write up to 47 lower-case letters and digits, with single dots, hyphens and underscores between them.",
        )
    return name


def check_gates(gates: Gates) -> None:
    """See that gates can be met.

    Raises:
        WrongUsage: an application or a person cannot be called that, or is listed twice; more people have to approve
            than may, or none; a time is no duration; a permit says too little, or is of what is never permitted.

    """
    for application in gates.sign_offs:
        checked_application(application)
    _require_different(gates.sign_offs)
    if gates.approval:
        _check_approval(gates.approval)
    if gates.constraints:
        _check_constraints(gates.constraints)


def _check_approval(approval: Approval) -> None:
    for person in approval.by:
        if not _PERSON.fullmatch(person):
            raise WrongUsage(
                f"{quoted(person)} is nobody's ID.", "Write user IDs of Jenkins, without blanks and commas."
            )
    _require_different([person.casefold() for person in approval.by])
    if not 1 <= approval.approvers <= len(approval.by):
        raise WrongUsage(
            f"{approval.approvers} of {len(approval.by)} people have to approve.",
            "Let `approvers` be at least 1, and list as many people under `by`, or more.",
        )
    seconds(approval.timeout)


def _check_constraints(constraints: Constraints) -> None:
    for permit in constraints.permits:
        if not all(text.strip() for text in (permit.code, permit.component, permit.reason)):
            raise WrongUsage(
                "a permit says nothing.", "Give it the `code`, the `component` it is about, and the `reason`."
            )
        if permit.code in constraints.never_permit:
            raise WrongUsage(
                f"{permit.code} of {permit.component} is permitted, but {permit.code} is never permitted.",
                "Leave the permit out, or take the code off `never-permit`.",
            )


def _require_different(names: Sequence[str]) -> None:
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise WrongUsage(f"{quoted(twice)} is listed twice.", "List each name once; capitals make no difference.")
