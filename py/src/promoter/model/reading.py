"""Makes models from JSON and YAML text. A command line without files needs neither."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic_core import ValidationError

from promoter.errors import WrongUsage
from promoter.model.base import Model
from promoter.model.checking import checked
from promoter.model.configuration import Configuration, Sections, check, completed
from promoter.model.line import quoted, shortened
from promoter.model.reference import without_user
from promoter.model.wording import of_misfit, of_syntax

if TYPE_CHECKING:
    from promoter.model.release_list import ReleaseList

Made = TypeVar("Made", bound=Model)
_CONFIGURATION, _RELEASES = "docs/configuration.md", "docs/releases.md"
_YAML = "tag:yaml.org,2002:"
_TEXT, _DATE, _MERGE = f"{_YAML}str", f"{_YAML}timestamp", f"{_YAML}merge"
_LONGEST = 64 * 1024
"""The most characters that a parameter may have: what is recorded has to be small enough to be read again."""
_MOST_PROBLEMS = 20
"""How many things that do not fit are named."""

_TAGS = {_TEXT, _MERGE, *(f"{_YAML}{kind}" for kind in ("int", "float", "bool", "null", "seq", "map"))}


class _Unfit(yaml.composer.ComposerError):
    """Something stands here that YAML has, and the configuration has not."""

    def __init__(self, words: str, mark: yaml.Mark) -> None:
        super().__init__(None, None, words, mark)


class _StrictLoader(yaml.SafeLoader):
    """YAML of JSON's kinds of value, with keys that are text and stand once; PyYAML would take the last of them."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 - PyYAML's own
        """Read any part.

        Raises:
            _Unfit: it is of a kind that JSON has not, such as a date.

        """
        node = super().compose_node(parent, index)
        if node and node.tag == _DATE:
            raise _Unfit("this is a date; put it in quotes if it is meant as text", node.start_mark)
        if node and node.tag not in _TAGS:
            tag = node.tag.replace(_YAML, "!!")
            raise _Unfit(f"nothing here has the tag {tag}; write the value alone", node.start_mark)
        return node

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """Read a mapping, before merge keys (`<<`) are resolved: what is merged in may be overridden.

        Raises:
            _Unfit: a key stands twice, or is no text.

        """
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == _MERGE:
                continue
            if key.tag != _TEXT:
                raise _Unfit("a key is no text; put it in quotes", key.start_mark)
            if key.value in seen:
                raise _Unfit(f"the key {quoted(key.value)} stands twice", key.start_mark)
            seen.add(key.value)
        return node


def read_configuration(text: str, name: str) -> Configuration:
    """Make the configuration from YAML.

    Args:
        text: the file's content.
        name: the file's name, for messages.

    Raises:
        WrongUsage: it is no YAML, or does not fit the model; all that does not fit is named.

    """
    sections = _fit(Sections, _json(text, name, _CONFIGURATION), f"{name} does not fit", _remedy(_CONFIGURATION))
    configuration = completed(Configuration(**vars(sections), origin=f"{name} was read"))
    check(configuration)
    return configuration


def read_release(text: str, name: str) -> ReleaseList:
    """Make a release's list of images from YAML, of which JSON is a part.

    Raises:
        WrongUsage: it is no YAML, or does not fit the model; an image has no destination.

    """
    from promoter.model.release_list import ReleaseList  # noqa: PLC0415 - few commands read one

    found = _fit(ReleaseList, _json(text, name, _RELEASES), f"{name} does not fit", _remedy(_RELEASES))
    if homeless := [image.source for image in found.images if not image.all_destinations]:
        raise WrongUsage(
            f"{name} does not say where these go: {', '.join(map(without_user, homeless))}.",
            "Give each a `destination`, or `destinations`.",
        )
    return found


def _remedy(reference: str) -> str:
    return f"Correct what is named; {reference} lists what there is."


def _json(text: str, name: str, reference: str) -> str:
    """Turn YAML into JSON, in which pydantic takes a list for a tuple, and nothing else for what it is not."""
    try:
        data = yaml.load(text, _StrictLoader)  # noqa: S506 - a SafeLoader
        return json.dumps({} if data is None else data)
    except yaml.YAMLError as error:
        why = of_syntax(error, text)
    except (ValueError, LookupError, RecursionError):
        why = "a part contains itself, is nested too deeply, or is not what its tag says"
    raise WrongUsage(f"{name} cannot be read: {why}.", f"Correct the file; {reference} lists what it may have.")


def read_request(model: type[Made], text: str, name: str, command: str) -> Made:
    """Make a request from JSON, with names in camelCase as the steps have them. `null` counts as left out.

    Args:
        model: what the command takes.
        text: the file's content.
        name: the file's name, for what is no JSON; what a parameter lacks is said of the command, since a step's
            parameters come in a file that nobody wrote.
        command: the command's name.

    Raises:
        WrongUsage: it is no JSON object, or does not fit the model, or a text in it is too long.

    """
    try:
        data = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise WrongUsage(f"{name} is no request: {where}: this is no JSON.", "It is one JSON object.") from error
    except RecursionError as error:
        raise WrongUsage(f"{name} is no request: it is nested too deeply.", "It is one JSON object.") from error
    except ValueError as error:
        raise WrongUsage(f"{name} is no request: {error}.", "It is one JSON object.") from error
    if not isinstance(data, dict):
        raise WrongUsage(f"{name} is no request: it is JSON, but no object.", "It is one JSON object.")
    given = {key: value for key, value in data.items() if value is not None}
    wrong, known = f"The parameters of {command} do not fit", _parameters(model)
    listing = f" {command} takes {', '.join(known)}." if given.keys() - known else ""
    remedy = f"Correct what is named; docs/cli.md, or the step's help, says what each is.{listing}"
    request = _fit(model, json.dumps(given), wrong, remedy)
    if too_long := [key for key, value in given.items() if _longest(value) > _LONGEST]:
        raise WrongUsage(
            f"{wrong}: {', '.join(too_long)} has more than {_LONGEST} characters.",
            "Shorten it; a reason may tell where to read more.",
        )
    return request


def _parameters(model: type[Model]) -> list[str]:
    """Return what a command takes, as steps spell it, beginning with what must be given."""
    return [model.spell(one.name) for one in sorted(model.fields.values(), key=lambda one: not one.is_required)]


def _longest(value: object) -> int:
    texts = value if isinstance(value, list) else [value]
    return max((len(text) for text in texts if isinstance(text, str)), default=0)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"a key stands twice among {shortened(', '.join(keys))}")
    return dict(pairs)


def _fit(model: type[Made], content: str, wrong: str, remedy: str) -> Made:
    try:
        return checked(model, content)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        named = "; ".join(map(of_misfit, problems[:_MOST_PROBLEMS]))
        others = len(problems) - _MOST_PROBLEMS
        raise WrongUsage(f"{wrong}: {named}{f'; and {others} more' if others > 0 else ''}.", remedy) from None
