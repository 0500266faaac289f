"""A bundle that continues another one holds what that one lacks alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bundle.conftest import BUNDLE, Carrier, contents
from tests.support.shop import blobs_of, writes

NEXT = "next.tar"


@pytest.fixture
def next_one(carrier: Carrier) -> Carrier:
    """Exported, and then once more with another version of `worker`."""
    carrier.exported()
    carrier.change("worker")
    assert carrier.export(f"--base={BUNDLE}", output=NEXT).exit_code == 0
    return carrier


def test_only_new_blobs_are_in_it(carrier: Carrier) -> None:
    assert carrier.export(output="first/").exit_code == 0
    before = carrier.blobs
    worker = carrier.change("worker")
    with carrier.shop.stage.registry.recording() as seen:
        result = carrier.export("--base=first/bundle.json", output="second/").result

    new = blobs_of(worker) - before
    names = {path.name for path in (carrier.directory / "second/blobs/sha256").iterdir()}
    assert {digest.removeprefix("sha256:") for digest in new} <= names
    assert not {digest.removeprefix("sha256:") for digest in before & carrier.blobs} & names
    assert new <= {one.path.rpartition("/")[2] for one in seen.matching("GET", "/blobs/", 200)}
    said = contents(carrier.directory / "second")["base"]
    assert (result["blobs"]["left_out"], set(said["blobs"])) == (len(before & carrier.blobs), before & carrier.blobs)
    assert said["digest"] == result["base"]


def test_it_is_imported_where_the_first_one_was(next_one: Carrier) -> None:
    assert next_one.bring().exit_code == 0
    before = next_one.digests()
    with next_one.far.recording() as seen:
        assert next_one.bring("--force", bundle=NEXT).exit_code == 0
    assert next_one.digests() == next_one.wanted != before
    assert len(next_one.uploads(seen)) == 2


def test_without_the_first_one_nothing_is_changed(next_one: Carrier) -> None:
    with next_one.far.recording() as seen:
        error = next_one.bring(bundle=NEXT).error
    assert error["exit_code"] == 4
    assert "leaves out" in error["message"]
    assert next_one.shared.digest in error["message"] or "more" in error["message"]
    assert writes(seen) == []


def test_with_the_first_one_at_hand_everything_is_there(next_one: Carrier) -> None:
    assert next_one.bring(f"--base={BUNDLE}", bundle=NEXT).exit_code == 0
    assert next_one.digests() == next_one.wanted


def test_a_chain_of_three(next_one: Carrier) -> None:
    next_one.change("api")
    assert next_one.export(f"--base={NEXT}", output="third.tar").exit_code == 0
    assert next_one.bring(f"--base={NEXT}", f"--base={BUNDLE}", bundle="third.tar").exit_code == 0
    assert next_one.digests() == next_one.wanted


def test_a_new_image_mounts_what_another_one_brought(carrier: Carrier) -> None:
    """A layer that only another image's repository has is mounted from there."""
    assert carrier.run("export-bundle", carrier.sources[4], "--output", BUNDLE).exit_code == 0
    assert carrier.run("export-bundle", carrier.sources[2], "--output", NEXT, "--base", BUNDLE).exit_code == 0
    assert carrier.bring().exit_code == 0
    with carrier.far.recording() as seen:
        assert carrier.bring(bundle=NEXT).exit_code == 0
    assert carrier.there("cron").digest() == carrier.images["cron"].digest
    assert carrier.shared.digest in seen.mounts
    assert carrier.shared.digest not in seen.uploads


def test_a_stranger_is_no_base(next_one: Carrier) -> None:
    assert next_one.run("export-bundle", next_one.sources[0], "--output", "other.tar").exit_code == 0
    error = next_one.bring("--base=other.tar", bundle=NEXT).error
    assert (error["exit_code"], "other.tar" in error["message"]) == (2, True)


def test_a_damaged_base_is_found(next_one: Carrier) -> None:
    path: Path = next_one.directory / BUNDLE
    content = bytearray(path.read_bytes())
    with next_one.shared.open() as shared:
        position = content.index(shared.read())
    content[position + 100] ^= 1
    path.write_bytes(content)
    with next_one.far.recording() as seen:
        assert next_one.bring(f"--base={BUNDLE}", bundle=NEXT).error["exit_code"] == 7
    assert seen.requests == []
