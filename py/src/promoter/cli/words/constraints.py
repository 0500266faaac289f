"""What people read of what the product's build metadata asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from promoter.cli.words.forms import columns
from promoter.model.base import Model
from promoter.model.constraints import (
    AlignResult,
    AnnotateResult,
    CheckResult,
    CiBuilder,
    CiResult,
    ComponentAlignment,
    ComponentCheck,
    FailedComponent,
    OpenAlignmentsResult,
    ParseResult,
    ScenarioDay,
    ScenarioResult,
    StageCheck,
)
from promoter.model.inconsistency import DIFFERENT_COUNT


def _annotated(result: AnnotateResult) -> list[str]:
    rows = ((f"  {tag.status}:", tag.tag, ", ".join(tag.codes) or "consistent") for tag in result.tags)
    return [
        f"{result.status}: {result.stream}",
        *(columns(rows) if result.tags else []),
        *([f"  release    {result.release}"] if result.release else []),
        *(f"  inconsistent {one}" for one in result.inconsistencies),
    ]


def _check(result: CheckResult) -> list[str]:
    """Show what is as it should be first: what is not must not scroll away."""
    consistent = [check for check in result.components if check.consistent]
    inconsistent = [check for check in result.components if not check.consistent]
    counts = {"consistent": len(consistent), "inconsistent": len(inconsistent), "failed": len(result.failed)}
    rows = [("consistent:", check.component, ", ".join(check.builds_with)) for check in consistent]
    return [
        *(columns(rows) if rows else []),
        *(line for component in result.failed for line in _failed(component)),
        *(line for check in inconsistent for line in _inconsistent(check)),
        f"{result.metadata}: {', '.join(f'{count} {what}' for what, count in counts.items() if count)}",
    ]


def _failed(component: FailedComponent) -> list[str]:
    error = component.error
    return [f"failed: {component.component}", f"  {error.kind}: {error.message}", f"  {error.remedy}"]


def _inconsistent(check: ComponentCheck) -> list[str]:
    return [
        f"inconsistent: {check.component}",
        *(f"  {code}  {message}" for code, message in zip(check.codes, check.messages, strict=True)),
        *(line for stage in check.stages if stage.decision != "as-desired" for line in _stage(stage)),
        *(f"  asked for      {base or 'what CI has no equivalent of'}" for base in _asked(check)),
    ]


def _asked(check: ComponentCheck) -> tuple[str | None, ...]:
    """Return what is asked for where no stage shows it: nobody can tell which is meant for which."""
    return check.desired if DIFFERENT_COUNT in check.codes else ()


def _stage(stage: StageCheck) -> list[str]:
    return [
        f"  stage {stage.index}{f' ({stage.name})' if stage.name else ''}: {stage.decision}: {stage.why}",
        f"    found        {stage.found}",
        *([f"    desired      {stage.desired}"] if stage.desired else []),
        *([f"    builds with  {stage.builds_with}"] if stage.builds_with else []),
    ]


def _ci(result: CiResult) -> list[str]:
    return [
        *(line for one in result.components for line in _builder(one)),
        *(line for component in result.failed for line in _failed(component)),
    ]


def _builder(one: CiBuilder) -> list[str]:
    return [one.component, f"  builder     {one.builder}", f"  build root  {one.build_root}"]


def _parsed(result: ParseResult) -> list[str]:
    rows = (
        (
            f"{stage.index}",
            stage.base if stage.stage_ref is None else f"{stage.base} (stage {stage.stage_ref})",
            f"as {stage.name}" if stage.name else "",
            f"for {stage.platform}" if stage.platform else "",
        )
        for stage in result.stages
    )
    return columns(rows)


def _scenario(result: ScenarioResult) -> list[str]:
    return [line for day in result.days for line in _day(day)]


def _day(day: ScenarioDay) -> list[str]:
    """Show what builds each component: the bases are the same on all days."""
    return [
        f"day {day.day}: {day.event}{' (frozen)' if day.frozen else ''}",
        *columns((f"  {check.component}", check.builds_with[0], _standing(check)) for check in day.components),
    ]


def _standing(check: ComponentCheck) -> str:
    decisions = [stage.decision for stage in check.stages if stage.decision != "as-desired"]
    return f"inconsistent ({', '.join(check.codes)}): {', '.join(decisions)}" if decisions else "consistent"


def _alignments(result: AlignResult) -> list[str]:
    counts = Counter(one.status for one in result.components)
    said = [f"{count} {status}" for status, count in counts.items()]
    said += [f"{len(result.failed)} failed"] if result.failed else []
    return [
        *(line for one in result.components if one.status != "aligned" for line in _alignment(one)),
        *(line for component in result.failed for line in _failed(component)),
        f"{result.metadata}: {', '.join(said)}{' (dry run: nothing was changed)' if result.dry_run else ''}",
    ]


def _alignment(one: ComponentAlignment) -> list[str]:
    """Show a patch that is in no file as `git apply` takes it: it passes over what is between two patches."""
    return [
        ": ".join(filter(None, (one.status, one.component, one.file or one.url, one.why))),
        *(f"  stage {base.stage}: {base.found} -> {base.desired}" for base in one.changes),
        *(one.patch.removesuffix("\n").split("\n") if one.patch and not one.file else []),
    ]


def _open_alignments(result: OpenAlignmentsResult) -> list[str]:
    rows = [(f"{one.urgency}:", one.component, f"{one.age_days} days", one.url, one.title) for one in result.alignments]
    said = f"{len(rows)} open{f', {len(result.failed)} failed' if result.failed else ''}"
    return [
        *(columns(rows) if rows else []),
        *(line for component in result.failed for line in _failed(component)),
        f"{result.metadata}: {said}{f'; the freeze is on {result.freeze}' if result.freeze else ''}",
    ]


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {
    AlignResult: _alignments,
    OpenAlignmentsResult: _open_alignments,
    CheckResult: _check,
    CiResult: _ci,
    ParseResult: _parsed,
    ScenarioResult: _scenario,
    AnnotateResult: _annotated,
}
