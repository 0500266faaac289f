"""Writes what is generated from the models and templates: `python -m promoter.cli.reference`.

docs/cli.md, docs/results.md and resources/openshift are written whole; in a step's help, vars/*.txt, it is what follows
PARAMETERS.
"""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import wrap

from promoter.cli.arguments import AGAIN
from promoter.cli.commands import COMMANDS, Command
from promoter.cli.result_reference import results_page
from promoter.manifests.parameters import SIDES
from promoter.manifests.render import generic_template
from promoter.model.base import REQUIRED, Field
from promoter.model.request import camel

STEPS = {
    "promoteImage": "promote",
    "promoteRelease": "release",
    "approvePromotion": "promote",
    "tagImage": "tag",
    "importImage": "import",
    "exportImage": "export-bundle",
    "startBuild": "start-build",
    "publishImage": "publish",
    "signOffImage": "sign-off",
    "awaitSignOffs": "await-sign-offs",
    "checkConstraints": "constraints check",
}
"""The steps whose parameters are those of a command."""

_HEADING = "PARAMETERS\n"
_WIDTH = 100
_INTRODUCTION = """# The command line

Every command also takes `--request FILE` (all parameters from a JSON file, with names in camelCase), `--result FILE`
(the result as JSON, besides being shown) and `--json` (the result as JSON on standard output; words go to standard
error). [results.md](results.md) has what is in a result.
An image is `environment/name:tag`, with environments from the configuration, or a full reference by tag or digest.
"""


def documents(root: Path) -> dict[Path, str]:
    """Return what the generated files should hold."""
    steps = {root / "vars" / f"{step}.txt": COMMANDS[command] for step, command in STEPS.items()}
    written = {path: _with_parameters(path.read_text(encoding="utf-8"), command) for path, command in steps.items()}
    templates = {root / "resources" / "openshift" / f"{side}.yaml": generic_template(side) for side in SIDES}
    returning = {command: step for step, command in STEPS.items() if step != "approvePromotion"}  # it asks people
    returning["import-bundle"] = "importImage(bundle: …)"
    pages = {"cli.md": _command_line(), "results.md": results_page(COMMANDS, returning)}
    return {**{root / "docs" / name: page for name, page in pages.items()}, **templates, **written}


def _command_line() -> str:
    return "\n".join([_INTRODUCTION, *(_section(name, command) for name, command in COMMANDS.items())])


def _section(name: str, command: Command) -> str:
    arguments = [field for field in command.request.fields.values() if field.is_required]
    usage = " ".join(["promoter", name, *map(_argument, arguments), "[flags]"])
    rows = [f"| `{_flag(field)}` | {_about(field, AGAIN)} |" for field in _ordered(command)]
    return "\n".join([f"## {usage}", "", command.help, "", "| parameter | what it is |", "| --- | --- |", *rows, ""])


def _argument(field: Field) -> str:
    return field.metavar or field.name.upper()


def _flag(field: Field) -> str:
    if field.is_required:
        return _argument(field)
    flag = f"--{field.name.replace('_', '-')}"
    return flag if field.annotation == "bool" else f"{flag} {field.metavar}"


def _with_parameters(text: str, command: Command) -> str:
    head, _, _ = text.partition(_HEADING)
    names = {field.name: camel(field.name) for field in _ordered(command)}
    column = max(map(len, names.values())) + 4
    lines = []
    for field in _ordered(command):
        first, *others = wrap(_about(field, "a list of them"), _WIDTH - column)
        lines += [f"  {names[field.name]}".ljust(column) + first, *(" " * column + line for line in others)]
    return head + _HEADING + "\n".join(lines) + "\n"


def _ordered(command: Command) -> list[Field]:
    """Return the fields, the ones that must be given first."""
    return sorted(command.request.fields.values(), key=lambda field: not field.is_required)


def _about(field: Field, several: str) -> str:
    """Return what a field is, with how `several` values are given to one that takes them, and its default."""
    shown = field.default not in (REQUIRED, None, False, "", ())
    parts = (
        field.about,
        several if field.annotation.startswith("tuple") else "",
        f"{field.default} if left out" if shown else "",
    )
    return "; ".join(part for part in parts if part)


if __name__ == "__main__":
    for document, content in documents(Path(sys.argv[1])).items():
        document.write_text(content, encoding="utf-8")
