"""What is generated from the models is as the models are."""

from __future__ import annotations

from pathlib import Path

import pytest

from promoter.cli.reference import documents
from tests.support.repository import ROOT

DOCUMENTS = documents(ROOT)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_generated_document_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == DOCUMENTS[path], "run `make docs`"
