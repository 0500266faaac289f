"""`make statements`: what the project promises (docs/statements.md), with the tests that prove it."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import ROOT, repository_files

ROW = re.compile(r"\| (?P<id>[A-Z]\d+) \| (?P<state>due|planned) \| (?P<text>.+) \|")
TABLE_HEAD = ("| ID |", "| --- |")
GROOVY_COMMENT = re.compile(r"//\s*statement:(?P<ids>.+)")


@dataclass(frozen=True)
class Statement:
    """One row of docs/statements.md; its state is `due` or `planned`."""

    id: str
    state: str
    text: str


@dataclass(frozen=True)
class Carrier:
    """A place that carries the ID of a statement: a test's name, or a file and line."""

    id: str
    place: str


def read_statements(markdown: str) -> list[Statement]:
    """Return the rows of the document's tables, in its order; a row of another form is a ValueError."""
    rows = [line for line in markdown.splitlines() if line.startswith("|") and not line.startswith(TABLE_HEAD)]
    return [_read_row(row) for row in rows]


def python_carriers(name: str, source: str) -> Iterator[Carrier]:
    """Find the `pytest.mark.statement(...)` of a module, each with the test or test class it belongs to."""
    return _marks_below(ast.parse(source, name), name)


def groovy_carriers(name: str, source: str) -> Iterator[Carrier]:
    """Find the `// statement: ...` comments of a Groovy file."""
    for number, line in enumerate(source.splitlines(), start=1):
        for comment in GROOVY_COMMENT.finditer(line):
            for identifier in comment["ids"].split(","):
                yield Carrier(identifier.strip(), f"{name}:{number}")


def carriers_in(files: Iterable[Path]) -> Iterator[Carrier]:
    """Find what the tests among these files of the repository carry."""
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("tests/"):
            continue
        if path.match("test_*.py"):
            yield from python_carriers(name, path.read_text())
        elif path.match("*.groovy") or path.match("Jenkinsfile*"):
            yield from groovy_carriers(name, path.read_text())


def by_id(carriers: Iterable[Carrier]) -> dict[str, list[str]]:
    """Return the places that carry each ID."""
    places: dict[str, list[str]] = {}
    for carrier in carriers:
        places.setdefault(carrier.id, []).append(carrier.place)
    return places


def problems(statements: Sequence[Statement], places: Mapping[str, Sequence[str]]) -> list[str]:
    """Say what the document and the tests disagree about; nothing when they agree."""
    states = {statement.id: statement.state for statement in statements}
    counts = Counter(statement.id for statement in statements)
    twice = [id_ for id_ in states if counts[id_] > 1]
    unproved = [id_ for id_ in states if states[id_] == "due" and id_ not in places]
    early = [id_ for id_ in states if states[id_] == "planned" and id_ in places]
    unknown = [id_ for id_ in places if id_ not in states]
    return [
        *(f"{id_} stands in the document more than once" for id_ in twice),
        *(f"{id_} is due, but no test carries it" for id_ in unproved),
        *(f"{id_} is planned, but {places[id_][0]} carries it: make it due" for id_ in early),
        *(f"{id_} is no statement, but {places[id_][0]} carries it" for id_ in unknown),
    ]


def report(statements: Iterable[Statement], places: Mapping[str, Sequence[str]]) -> str:
    """List every statement, with the places that carry it below."""
    lines: list[str] = []
    for statement in statements:
        lines.append(f"{statement.id:4}{statement.state:9}{statement.text}")
        lines += [f"{'':13}{place}" for place in places.get(statement.id, ())]
    return "\n".join(lines)


def main() -> int:
    """Print the list, then what is wrong with it; return the exit code."""
    statements = read_statements((ROOT / "docs/statements.md").read_text())
    places = by_id(carriers_in(repository_files()))
    print(report(statements, places), flush=True)
    wrong = problems(statements, places)
    for problem in wrong:
        print(f"statements: {problem}", file=sys.stderr)
    return 1 if wrong else 0


def _read_row(row: str) -> Statement:
    matched = ROW.fullmatch(row)
    if matched is None:
        raise ValueError(f"not a row of ID, state (due or planned) and text: {row}")
    return Statement(**matched.groupdict())


def _marks_below(node: ast.AST, place: str) -> Iterator[Carrier]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        if not node.name.lower().startswith("test"):
            return
        place = f"{place}::{node.name}"
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.statement":
        yield from (Carrier(_text(argument), place) for argument in node.args)
    for child in ast.iter_child_nodes(node):
        yield from _marks_below(child, place)


def _text(argument: ast.expr) -> str:
    """Return a string literal's value; anything else as it is written, which no statement is called."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return ast.unparse(argument)


if __name__ == "__main__":
    sys.exit(main())
