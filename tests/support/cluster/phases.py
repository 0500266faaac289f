"""The phases of a Build: New, Pending, Running, then Complete, Failed, Cancelled or Error."""

from __future__ import annotations

from .answers import BUILDS, ApiError, Document
from .objects import Objects, timestamp

TERMINAL = frozenset({"Complete", "Failed", "Cancelled", "Error"})


def set_phase(build: Document, phase: str) -> None:
    """Set the phase with its timestamps, and the one condition that is true."""
    now = timestamp()
    status = build["status"]
    status["phase"] = phase
    if phase == "Running":
        status["startTimestamp"] = now
    if phase in TERMINAL:
        status["completionTimestamp"] = now
    for condition in status.setdefault("conditions", []):
        condition |= {"status": "False", "lastUpdateTime": now, "lastTransitionTime": now}
    condition = {"type": phase, "status": "True", "lastUpdateTime": now, "lastTransitionTime": now}
    status["conditions"].append(condition)


def enter(
    objects: Objects,
    project: str,
    name: str,
    phase: str,
    *,
    status: Document | None = None,
    annotations: dict[str, str] | None = None,
) -> bool:
    """Move a stored Build to a phase; False if it has ended already or is gone."""

    def change(build: Document) -> None:
        set_phase(build, phase)
        build["status"] |= status or {}
        build["metadata"]["annotations"] |= annotations or {}

    with objects.changed:
        if has_ended(objects, project, name):
            return False
        objects.edit(BUILDS, project, name, change)
        return True


def phase_of(objects: Objects, project: str, name: str) -> str | None:
    """Return the Build's phase, or None if there is no such Build."""
    try:
        return str(objects.get(BUILDS, project, name)["status"]["phase"])
    except ApiError:
        return None


def has_ended(objects: Objects, project: str, name: str) -> bool:
    """Tell whether the Build is in a terminal phase, or gone."""
    phase = phase_of(objects, project, name)
    return phase is None or phase in TERMINAL
