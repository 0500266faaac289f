"""Templates as text: what is kept of one, and what its placeholders become.

The placeholders are those of OpenShift's templates: `${NAME}` within a text, `${{NAME}}` in place of a value that is no
text. Lines between `#{if NAME}` (or `#{if not NAME}`) and `#{end}` are kept only if there is such a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import yaml

from promoter.errors import PromoterError
from promoter.manifests.parameters import Parameter

_IF = re.compile(r"#\{if (?P<negated>not )?(?P<name>[A-Z_]+)\}")
_END = "#{end}"
_IN_TEXT = re.compile(r"\$\{([A-Z_]+)\}")
_IN_PLACE = re.compile(r"\$\{\{([A-Z_]+)\}\}")
_PLACEHOLDER = re.compile(r"\$\{\{?([A-Z_]+)\}")
_QUOTED_OR_NOT = re.compile(r'"[^"]*"|[^"]+')

Parameters = Mapping[str, Parameter]


def documents(name: str, parameters: Parameters) -> list[str]:
    """Return the documents of a template file, with what is kept of them and with their comments and placeholders."""
    text = (files("promoter.manifests") / "templates" / f"{name}.yaml").read_text(encoding="utf-8")
    return "".join(_kept(text, parameters)).split("---\n")


def placeholders(document: str) -> set[str]:
    """Return the names of the placeholders, those of comments left out."""
    lines = [line for line in document.splitlines() if not _is_comment(line)]
    return set(_PLACEHOLDER.findall("\n".join(lines)))


def filled(document: str, parameters: Parameters) -> str:
    """Return a document with values in place of placeholders.

    What it means is checked against the same document with the values put where the placeholders are once it has been
    read, which is how `oc process` does it: no value can be more than a value.

    """
    text = "".join(_filled_line(line, parameters) for line in document.splitlines(keepends=True))
    if yaml.safe_load(text) != processed(yaml.safe_load(document), parameters):
        raise PromoterError(
            f"A value does not fit into {document.splitlines()[0].lstrip('# ')!r}.", "Please report it as a defect."
        )
    return text


def processed(value: Any, parameters: Parameters) -> Any:  # noqa: ANN401 - any part of a YAML document
    """Return a document that has been read, with values in place of placeholders, as `oc process` does it."""
    if isinstance(value, dict):
        return {key: processed(inner, parameters) for key, inner in value.items()}
    if isinstance(value, list):
        return [processed(inner, parameters) for inner in value]
    if not isinstance(value, str):
        return value
    if whole := _IN_PLACE.fullmatch(value):
        return parameters[whole[1]].value
    return _IN_TEXT.sub(lambda found: str(parameters[found[1]].value), value)


def _kept(text: str, parameters: Parameters) -> Iterator[str]:
    keeping = True
    for line in text.splitlines(keepends=True):
        if condition := _IF.match(line):
            keeping = parameters[condition["name"]].is_given != bool(condition["negated"])
        elif line.startswith(_END):
            keeping = True
        elif keeping:
            yield line


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _filled_line(line: str, parameters: Parameters) -> str:
    if _is_comment(line):
        return _IN_TEXT.sub(lambda found: str(parameters[found[1]].value), line)
    return _QUOTED_OR_NOT.sub(lambda part: _filled_part(part[0], parameters), line)


def _filled_part(part: str, parameters: Parameters) -> str:
    """Fill what stands between quotes, or beside them."""
    quoted = part.startswith('"')

    def text(found: re.Match[str]) -> str:
        value = str(parameters[found[1]].value)
        return json.dumps(value, ensure_ascii=False)[1:-1] if quoted else value

    part = _IN_PLACE.sub(lambda found: json.dumps(parameters[found[1]].value), part)
    return _IN_TEXT.sub(text, part)
