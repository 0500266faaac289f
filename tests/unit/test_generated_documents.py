"""What is generated from the models is as the models are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from promoter.cli.commands import COMMANDS
from promoter.cli.reference import STEPS, documents
from promoter.cli.result_reference import results_page
from promoter.model.base import Model
from promoter.model.history import HistoryResult
from promoter.model.rollback import RollbackResult
from tests.support.repository import ROOT

DOCUMENTS = documents(ROOT)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_generated_document_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == DOCUMENTS[path], "run `make docs`"


@pytest.mark.parametrize("step", sorted(STEPS.keys() - {"approvePromotion"}))
def test_a_step_is_named_with_each_result_that_it_returns(step: str) -> None:
    sections = re.findall(r"^## (.+)\n\n((?:The step .+\n\n)*)", DOCUMENTS[ROOT / "docs/results.md"], re.MULTILINE)
    told = {name: steps for names, steps in sections for name in names.split(", ")}
    run = set(re.findall(r"'([a-z -]+)'", (ROOT / "vars" / f"{step}.groovy").read_text(encoding="utf-8"))) & told.keys()
    assert STEPS[step] in run
    assert [name for name in run if f"`{step}" not in told[name]] == []


@pytest.mark.parametrize(
    ("model", "told", "message"),
    [
        (HistoryResult, ("        digest: what it is now.\n", ""), "digest"),
        (HistoryResult, ("digest: what", "size: of it.\n        digest: what"), "size"),
        (RollbackResult, ("`planned` in a dry run", "planned"), "does not tell what planned means"),
    ],
    ids=["field", "no field", "status"],
)
def test_a_result_that_tells_too_little_of_its_fields_is_refused(
    model: type[Model], told: tuple[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told[0] in (model.__doc__ or "")
    monkeypatch.setattr(model, "__doc__", (model.__doc__ or "").replace(*told))
    with pytest.raises(ValueError, match=message):
        results_page(COMMANDS, {})
