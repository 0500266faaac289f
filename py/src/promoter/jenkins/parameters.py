"""Parameters: what a job declares, and what a queue item or a build was given."""

from __future__ import annotations

from typing import NamedTuple

from promoter.errors import Refused, WrongUsage
from promoter.jenkins.answers import Object

DEFINITIONS = "property[parameterDefinitions[name,type,choices]]"
GIVEN = "actions[parameters[name,value]]"
_BOOLEAN = "BooleanParameterDefinition"


class Definition(NamedTuple):
    """A parameter that a job declares: its name, its type, and the values of a choice."""

    name: str
    type: str
    choices: tuple[str, ...]


def definitions(job: Object) -> list[Definition]:
    """Return what a job declares; among its properties there are others, too."""
    found = [one for part in job.get("property") or [] for one in part.get("parameterDefinitions") or []]
    return [Definition(str(one["name"]), str(one["type"]), tuple(map(str, one.get("choices") or ()))) for one in found]


def given(fields: Object) -> dict[str, str]:
    """Return the parameters of a queue item or a build; a password's value is not shown."""
    entries = [entry for action in fields.get("actions") or [] for entry in action.get("parameters") or []]
    return {str(entry.get("name")): str(entry.get("value", "")) for entry in entries}


def require_taken(job: str, declared: list[Definition], parameters: dict[str, str]) -> None:
    """See that nothing of these parameters would be lost.

    Jenkins drops those it does not know, reads any text for a boolean as false, and answers 500 to a value that is no
    choice.

    Raises:
        WrongUsage: a parameter is not declared, or is a boolean.
        Refused: a value is none of the choices.

    """
    known = {definition.name: definition for definition in declared}
    if missing := [name for name in parameters if name not in known]:
        nothing = "" if known else " It takes none at all."
        raise WrongUsage(
            f"The job {job} does not take {', '.join(missing)}: Jenkins would drop them.{nothing}",
            "Declare them as string parameters; a Pipeline whose text declares them has them once it has run.",
        )
    for name, value in parameters.items():
        _require_fitting(job, known[name], value)


def _require_fitting(job: str, definition: Definition, value: str) -> None:
    if definition.type == _BOOLEAN:
        raise WrongUsage(
            f"The job {job} takes {definition.name} as true or false: what it is sent would be lost.",
            "Declare it as a string parameter.",
        )
    if definition.choices and value not in definition.choices:
        raise Refused(
            f"The job {job} takes {', '.join(definition.choices)} as {definition.name}, not {value}.",
            "Promote what it takes, or add it to the parameter's choices.",
        )
