"""How much is worth having under way at a time."""

from __future__ import annotations

import pytest

from promoter.http.pace import Pace


@pytest.mark.parametrize(
    ("answers", "at_once"),
    [
        ([], 4),
        ([("near", 0.0004)], 4),
        ([("near", 0.0004), ("far", 0.012)], 12),
        ([("far", 0.3), ("far", 0.012)], 12),
        ([("farther", 0.3)], 48),
    ],
    ids=["nothing known", "near", "the slowest host counts", "at its best", "never more than this"],
)
def test_as_much_is_under_way_as_the_slowest_host_takes_milliseconds(
    answers: list[tuple[str, float]], at_once: int
) -> None:
    pace = Pace()
    for host, seconds in answers:
        pace.note(host, seconds)
    assert pace.at_once == at_once
