"""What people read of what the doctor found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import groupby
from typing import Any

from promoter.model.base import Model
from promoter.model.doctor import DoctorResult, Finding


def _examination(result: DoctorResult) -> list[str]:
    lines = []
    for subject, findings in groupby(result.findings, lambda finding: finding.subject):
        lines += [subject, *(line for finding in findings for line in _finding(finding))]
    counts = Counter(finding.status for finding in result.findings)
    return [*lines, f"{counts['failed']} failed, {counts['warning']} to look at, {counts['ok']} ok"]


def _finding(finding: Finding) -> list[str]:
    remedy = [f"{'':11}{finding.remedy}"] if finding.remedy else []
    return [f"  {finding.status:9}{finding.message}", *remedy]


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {DoctorResult: _examination}
