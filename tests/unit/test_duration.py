"""Durations."""

from __future__ import annotations

import pytest

from promoter.errors import WrongUsage
from promoter.model.duration import seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5m", 90), ("250ms", 0.25), (" 5s ", 5), ("720h", 2592000)],
)
def test_a_duration_in_seconds(text: str, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0",
        "0s",
        "45",
        "0.5",
        "-5s",
        "+5s",
        "5 s",
        "5S",
        "5d",
        "s",
        "1m30s",
        "1e3",
        ".5s",
        "5.s",
        "inf",
        "nan",
        "\u0665s",
        "5s5",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match="is not a duration"):
        seconds(text)


@pytest.mark.parametrize("text", ["720.1h", "99999999999h", f"{'9' * 400}s"])
def test_more_than_thirty_days_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match="is longer than 30 days") as caught:
        seconds(text)
    assert "720h" in caught.value.remedy
