"""What every file of its kind has."""

from __future__ import annotations

import ast

from tests.support.repository import ROOT, repository_files

FILES = repository_files()
STEPS = [path for path in FILES if path.parent == ROOT / "vars"]


def test_every_step_has_its_help() -> None:
    steps = {path.stem for path in STEPS if path.suffix == ".groovy"}
    helps = {path.stem for path in STEPS if path.suffix == ".txt"}
    assert steps
    assert steps == helps


def test_every_module_says_what_it_is() -> None:
    modules = [path for path in FILES if path.suffix == ".py" and path.is_relative_to(ROOT / "py/src")]
    assert modules
    assert [path.name for path in modules if not ast.get_docstring(ast.parse(path.read_text()))] == []
