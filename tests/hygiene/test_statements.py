"""`make statements` finds what carries an ID, and what is wrong."""

from __future__ import annotations

import pytest

from tests.support.repository import ROOT, repository_files
from tests.support.statements import (
    Carrier,
    Statement,
    by_id,
    carriers_in,
    groovy_carriers,
    problems,
    python_carriers,
    read_statements,
    report,
)

MODULE = """
import pytest

pytestmark = pytest.mark.statement("F1")

@pytest.mark.statement("F2", "F3")
@pytest.mark.parametrize("case", [pytest.param(1, marks=pytest.mark.statement("F4")), 2])
def test_promotes(case): ...

@pytest.mark.statement("F5")
class TestCopy:
    @pytest.mark.statement(ID)
    async def test_resumes(self): ...

@pytest.mark.statement("F6")
def helper():
    '''Not pytest.mark.statement("F7").'''
"""

PIPELINE = """
// statement: F5, F6
node { echo 'statement: F7' } // statement: F8
"""


def test_marks_are_found_with_the_test_they_belong_to() -> None:
    assert set(python_carriers("tests/test_x.py", MODULE)) == {
        Carrier("F1", "tests/test_x.py"),
        Carrier("F2", "tests/test_x.py::test_promotes"),
        Carrier("F3", "tests/test_x.py::test_promotes"),
        Carrier("F4", "tests/test_x.py::test_promotes"),
        Carrier("F5", "tests/test_x.py::TestCopy"),
        Carrier("ID", "tests/test_x.py::TestCopy::test_resumes"),
    }


def test_comments_are_found_with_their_line() -> None:
    assert list(groovy_carriers("tests/Jenkinsfile", PIPELINE)) == [
        Carrier("F5", "tests/Jenkinsfile:2"),
        Carrier("F6", "tests/Jenkinsfile:2"),
        Carrier("F8", "tests/Jenkinsfile:3"),
    ]


@pytest.mark.parametrize(
    ("state", "carried", "expected"),
    [
        pytest.param("due", "F1", [], id="due and carried"),
        pytest.param("planned", None, [], id="planned and not carried"),
        pytest.param("due", None, ["F1 is due, but no test carries it"], id="due and not carried"),
        pytest.param("planned", "F1", ["F1 is planned, but here carries it: make it due"], id="planned and carried"),
        pytest.param("planned", "F9", ["F9 is no statement, but here carries it"], id="unknown"),
    ],
)
def test_document_and_tests_must_agree(state: str, carried: str | None, expected: list[str]) -> None:
    places = {carried: ["here"]} if carried else {}
    assert problems([Statement("F1", state, "One.")], places) == expected


def test_an_id_stands_once() -> None:
    twice = [Statement("F1", "planned", "One."), Statement("F1", "planned", "Another.")]
    assert problems(twice, {}) == ["F1 stands in the document more than once"]


@pytest.mark.parametrize("row", ["| F1 | someday | One. |", "| F1 | due |", "| f1 | due | One. |", "|F1|due|One.|"])
def test_a_row_of_another_form_is_refused(row: str) -> None:
    with pytest.raises(ValueError, match="not a row"):
        read_statements(f"| ID | State | Statement |\n| --- | --- | --- |\n{row}\n")


def test_the_report_lists_places_below_their_statement() -> None:
    places = by_id([Carrier("F1", "here"), Carrier("F1", "there")])
    assert report([Statement("F1", "due", "One."), Statement("F2", "planned", "Two.")], places).splitlines() == [
        "F1  due      One.",
        "             here",
        "             there",
        "F2  planned  Two.",
    ]


def test_every_carried_id_of_this_repository_is_a_statement() -> None:
    statements = read_statements((ROOT / "docs/statements.md").read_text())
    carried = by_id(carriers_in(repository_files()))
    assert carried.keys() <= {statement.id for statement in statements}
