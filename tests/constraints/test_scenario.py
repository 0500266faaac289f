"""The calendar of a change of golang, from its first day to the freeze and after it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.promoter import Promoter

ALL = {"apiserver", "controller-manager", "scheduler", "component-x", "component-y", "component-z"}
OLD, NEW = "openshift/golang-builder:rhel_8_golang_1.14", "openshift/golang-builder:rhel_8_golang_1.15"


class Day:
    """A day as the command tells it."""

    def __init__(self, day: dict[str, Any]) -> None:
        components = day["components"]
        self.frozen = day["frozen"]
        self.inconsistent: set[str] = {one["component"] for one in components if not one["consistent"]}
        self._builders: dict[str, str] = {one["component"]: one["builds_with"][0] for one in components}
        self._decisions: dict[str, str] = {one["component"]: one["stages"][0]["decision"] for one in components}

    def built_with(self, image: str) -> set[str]:
        return {component for component, builder in self._builders.items() if builder == image}

    def decision(self, component: str) -> str:
        return self._decisions[component]


@pytest.mark.statement("C20", "C6", "C9", "C12")
def test_calendar(promoter: Promoter) -> None:
    result = promoter.run("constraints", "scenario").result
    days = {day["day"]: Day(day) for day in result["days"]}
    assert list(days) == ["0", "1", "15", "19", "20", "45", "48", "N"]

    # All is built with what all Dockerfiles name, and the demand for another golang alone changes nothing.
    for day in (days["0"], days["1"]):
        assert day.built_with(OLD) == ALL
        assert day.inconsistent == set()

    # The metadata suggests the new one; builds go on honouring the Dockerfiles, and all of it is seen.
    assert days["15"].built_with(OLD) == days["15"].inconsistent == ALL
    assert {days["15"].decision(component) for component in ALL} == {"mapped-back"}

    # Whoever merges is built with the new one.
    merged = {"apiserver", "controller-manager", "scheduler"}
    assert days["19"].built_with(NEW) == merged
    assert days["19"].built_with(OLD) == days["19"].inconsistent == ALL - merged

    # An exception is built with the old one, as desired; two are left, and stay so until the freeze.
    for day in (days["20"], days["45"]):
        assert day.built_with(OLD) == ALL - merged
        assert day.inconsistent == {"component-y", "component-z"}
    assert days["20"].decision("component-x") == "as-desired"

    # With the freeze the metadata decides, over the Dockerfile that nobody has changed.
    assert [day for day in days if days[day].frozen] == ["48", "N"]
    assert days["48"].built_with(NEW) == ALL - {"component-x"}
    assert days["48"].inconsistent == {"component-z"}
    assert days["48"].decision("component-z") == "metadata"

    # Whatever differs later is inconsistent, and is not honoured.
    assert days["N"].built_with(NEW) == ALL - {"component-x"}
    assert days["N"].inconsistent == {"component-z", "scheduler"}


def test_calendar_for_people(promoter: Promoter) -> None:
    outcome = promoter.run("constraints", "scenario", json=False)
    lines = outcome.stdout.splitlines()
    assert outcome.exit_code == 0
    begin = lines.index("day 48: component-y has merged; the freeze begins, and the metadata decides (frozen)")
    assert f"  component-x         {OLD}  consistent" in lines[begin:]
    assert f"  component-z         {NEW}  inconsistent (i1): metadata" in lines[begin:]
