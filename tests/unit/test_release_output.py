"""What people see of releases, of three images and of hundreds."""

from __future__ import annotations

from typing import Literal

import pytest

from promoter.cli.output import show
from promoter.model.failure import Failure
from promoter.model.promotion import BlobCounts
from promoter.model.release import ReleasedTag, ReleaseResult
from promoter.model.rollback import ReleaseRollbackResult, RolledBackTag

DIGEST = f"sha256:{'1' * 64}"
FAILURE = Failure(kind="unreachable", message="h is full.", remedy="Free space.", exit_code=6)


def tag(
    number: int, status: Literal["promoted", "unchanged", "planned", "failed"], error: Failure | None = None
) -> ReleasedTag:
    """Return what became of a tag."""
    digest = None if error else DIGEST
    return ReleasedTag(status=status, source="s", destination=f"h/p/{number}:1", digest=digest, error=error)


def shown(capsys: pytest.CaptureFixture[str], result: ReleaseResult | ReleaseRollbackResult) -> list[str]:
    """Return the lines that are shown of a result."""
    show(result, as_json=False)
    return capsys.readouterr().out.splitlines()


def test_a_few_images(capsys: pytest.CaptureFixture[str]) -> None:
    tags = (tag(1, "unchanged"), tag(20, "promoted"), tag(3, "failed", FAILURE))
    blobs = BlobCounts(total=5, uploaded=3, mounted=1, present=1)
    result = ReleaseResult(
        status="partly-done",
        release_id="r1",
        digest=DIGEST,
        tags=tags,
        blobs=blobs,
        bytes_uploaded=2048,
        duration_seconds=1.25,
        error=FAILURE,
    )
    assert shown(capsys, result) == [
        "failed: h/p/3:1",
        "  unreachable: h is full.",
        "  Free space.",
        f"promoted:   h/p/20:1  {DIGEST}",
        f"unchanged:  h/p/1:1   {DIGEST}",
        "partly-done: release r1",
        f"  digest     {DIGEST}",
        "  tags       1 unchanged, 1 promoted, 1 failed",
        "  blobs      5: 3 uploaded (2.0 KiB), 1 mounted, 1 present",
        "  took       1.2 s",
    ]


def test_hundreds_of_images_show_what_failed_first_and_each_cause_once(capsys: pytest.CaptureFixture[str]) -> None:
    others = [tag(number, "promoted" if number % 2 else "unchanged") for number in range(260)]
    failed = [tag(number, "failed", FAILURE) for number in range(260, 300)]
    result = ReleaseResult(status="partly-done", release_id="r1", digest=DIGEST, tags=(*others, *failed), error=FAILURE)
    lines = shown(capsys, result)
    assert lines[:40] == [f"failed: h/p/{number}:1" for number in range(260, 300)]
    assert lines[40:42] == ["  unreachable: h is full.", "  Free space."]
    assert [line.partition(":")[0] for line in lines[42:302]] == ["promoted"] * 130 + ["unchanged"] * 130
    assert lines[302:] == [
        "partly-done: release r1",
        f"  digest     {DIGEST}",
        "  tags       130 unchanged, 130 promoted, 40 failed",
        "  took       0.0 s",
    ]


def test_plan_shows_open_gates_and_the_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    planned = tag(1, "planned").but(open_gates=("approval by 1 of alice, bob",))
    result = ReleaseResult(status="planned", release_id="r1", digest=DIGEST, tags=(planned,), estimated_seconds=12.4)
    lines = shown(capsys, result)
    assert lines[0] == f"planned:  h/p/1:1  {DIGEST}  open: approval by 1 of alice, bob"
    assert "  estimated  12 s to bring the bytes" in lines


def test_rollback_shows_what_could_not_be_done_first(capsys: pytest.CaptureFixture[str]) -> None:
    tags = (
        RolledBackTag(status="rolled-back", image="h/p/1:1", digest=DIGEST, previous_digest="d"),
        RolledBackTag(status="left", image="h/p/2:1", digest=DIGEST, previous_digest=DIGEST, error=FAILURE),
        RolledBackTag(status="removed", image="h/p/3:1", digest=None, previous_digest=DIGEST),
    )
    result = ReleaseRollbackResult(status="partly-done", release_id="r1", tags=tags, error=FAILURE)
    assert shown(capsys, result) == [
        "left: h/p/2:1",
        "  unreachable: h is full.",
        "  Free space.",
        f"rolled-back:  h/p/1:1  {DIGEST}",
        "removed:      h/p/3:1",
        "partly-done: rollback of release r1",
        "  tags       1 rolled-back, 1 left, 1 removed",
    ]
