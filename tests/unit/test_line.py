"""What people wrote, repeated in lines of ours: enough to know it by, and no more."""

from __future__ import annotations

import pytest

from promoter.model.line import quoted, shortened


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("web", "'web'"),
        ("it's", '"it\'s"'),
        ("two\nlines", r"'two\nlines'"),
        ("x" * 200, f"'{'x' * 200}'"),
        ("x" * 201, f"'{'x' * 200}…' (201 characters)"),
    ],
)
def test_a_text_in_quotes(text: str, meant: str) -> None:
    assert quoted(text) == meant


def test_a_text_without_quotes() -> None:
    assert shortened("x" * 200) == "x" * 200
    assert shortened("x" * 201) == f"{'x' * 200}… (201 characters)"
