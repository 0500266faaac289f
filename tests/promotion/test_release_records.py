"""Records of releases: one statement for all images, which counts where it is attached."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any

import pytest

from promoter.cli.files import load_configuration
from promoter.http.deadline import Deadline
from promoter.model.request import PromoteRequest
from promoter.promotion.places import Places
from promoter.promotion.records.record import entry, read_records
from promoter.registry.referrers import attach
from promoter.release.record import Move, draft_records
from promoter.release.troubles import Troubles
from tests.support.faults import FaultyProxy
from tests.support.fleet import APPLICATIONS, Fleet, listed
from tests.support.images import Blob, Image, make_referrers_index, referrers_tag
from tests.support.registry_client import push, put_manifest
from tests.support.shop import Shop, Side

RELEASE = "release-7"


@pytest.fixture
def fleet(shop: Shop) -> Fleet:
    """Four applications, none of which is in production."""
    return Fleet(shop)


@pytest.fixture
def places(fleet: Fleet) -> Iterator[Places]:
    """What opens the fleet's places in this process."""
    with closing(Places(load_configuration(str(fleet.shop.configure())), Deadline(60), print)) as opened:
        yield opened


def manifest(side: Side, locator: str) -> dict[str, Any]:
    """Return a manifest of a repository."""
    found = side.resolve(locator)
    assert found
    content: dict[str, Any] = json.loads(found.content)
    return content


def statement(side: Side, record: str) -> dict[str, Any]:
    """Return the statement that a record points at."""
    blob = side.registry.blob_file(manifest(side, record)["config"]["digest"])
    content: dict[str, Any] = json.loads(blob.read_text())
    return content


def test_all_images_have_one_statement(fleet: Fleet) -> None:
    old = fleet.image("web", 0)
    fleet.prod("web").push(old)

    result = fleet.run("--force", f"--promotion-id={RELEASE}", "--reason=all new", "--requested-by=alice").result

    records = {tag["destination"]: tag["record"].rpartition("@")[2] for tag in result["tags"]}
    said = [statement(fleet.prod(name), records[f"{fleet.prod(name)}:1.0"]) for name in APPLICATIONS]
    assert said.count(said[0]) == len(APPLICATIONS)
    assert said[0]["predicateType"] == "urn:image-promoter:release:v1"
    assert said[0]["subject"] == [
        {"name": str(fleet.prod(name)), "digest": {"sha256": fleet.wanted[name].removeprefix("sha256:")}}
        for name in APPLICATIONS
    ]
    predicate = said[0]["predicate"]
    assert (predicate["action"], predicate["release"]) == ("promoted", RELEASE)
    assert (predicate["reason"], predicate["requested_by"]) == ("all new", "alice")
    assert predicate["promotions"] == [
        {
            "destination": str(fleet.prod(name)),
            "tag": "1.0",
            "digest": fleet.wanted[name],
            **({"previous_digest": old.digest} if name == "web" else {}),
            "source": f"{fleet.stage(name)}:1.0",
        }
        for name in APPLICATIONS
    ]


def test_statement_is_uploaded_once_and_mounted_elsewhere(fleet: Fleet) -> None:
    with fleet.shop.prod.registry.recording() as seen:
        assert fleet.run().exit_code == 0

    [text] = [digest for digest in seen.uploads if digest not in fleet.blobs]
    assert seen.mounts.count(text) == len(APPLICATIONS) - 1
    asked = [one for one in seen.matching("POST", "/blobs/uploads/") if one.query.get("mount") == text]
    assert len(asked) == len(APPLICATIONS)


def test_record_is_about_its_own_image_and_tag(fleet: Fleet) -> None:
    fleet.write(*fleet.lines, f"stage/{fleet.repository('web')}:1.0 prod/{fleet.repository('web')}:latest")

    assert fleet.run(f"--promotion-id={RELEASE}").exit_code == 0

    web = fleet.prod("web")
    records = [manifest(web, record) for record in listed(web, fleet.images["web"])]
    assert {one["annotations"]["image-promoter/tag"] for one in records} == {"1.0", "latest"}
    assert {one["subject"]["digest"] for one in records} == {fleet.wanted["web"]}
    for tag in ("1.0", "latest"):
        [found] = fleet.shop.run("history", f"prod/{fleet.repository('web')}:{tag}").result["entries"]
        assert (found["promotion_id"], found["current"]) == (RELEASE, True)
        promoted = fleet.shop.run("describe", f"prod/{fleet.repository('web')}:{tag}").result["promoted"]
        assert promoted == found


def test_record_that_came_from_elsewhere_does_not_count(fleet: Fleet) -> None:
    assert fleet.run().exit_code == 0
    web, image = fleet.prod("web"), fleet.images["web"]
    elsewhere = Side("prod", web.registry, f"{web.repository}-copy")
    [record] = listed(web, image)
    payload = manifest(web, record)["config"]
    elsewhere.push(image)

    copied = copy_of(web, record)
    push(copied, elsewhere.registry, elsewhere.repository)
    put_manifest(make_referrers_index([copied]), elsewhere.registry, elsewhere.repository, referrers_tag(image))

    assert payload["digest"] in {blob.digest for blob in copied.blobs}
    name = elsewhere.repository.rpartition("/")[2]
    assert fleet.shop.run("history", f"prod/{name}:1.0").result["entries"] == []


def copy_of(side: Side, record: str) -> Image:
    """Return a record as an image that can be pushed elsewhere."""
    found = side.resolve(record)
    assert found
    text = side.registry.blob_file(manifest(side, record)["config"]["digest"]).read_bytes()
    return Image(found.content, found.media_type, (Blob.of(text),))


def test_image_that_failed_has_no_record_though_the_statement_names_it(before_prod: FaultyProxy, fleet: Fleet) -> None:
    before_prod.when("PUT", f"{fleet.repository('web')}/manifests/1.0$").answer(HTTPStatus.FORBIDDEN)

    assert fleet.run("--keep-going", f"--promotion-id={RELEASE}").exit_code == 10

    assert listed(fleet.prod("web"), fleet.images["web"]) == []
    assert [entry["promotion_id"] for entry in fleet.history("api")] == [RELEASE]


def test_long_statement_is_cut_and_read_all_the_same(fleet: Fleet, places: Places) -> None:
    moves = [move(fleet, places, name) for name in APPLICATIONS]

    with fleet.shop.prod.registry.recording() as seen:
        records = draft_records(moves, Troubles(keep_going=False), largest=1)

    assert len(seen.uploads) == len(APPLICATIONS)
    assert len(seen.mounts) == len(APPLICATIONS) * (len(APPLICATIONS) - 1)
    for one in moves:
        record = records[one.name]
        assert [layer.digest for layer in record.blobs[1:]] == seen.uploads
        attach(one.repository, record)
        [found] = read_records(one.repository, one.subject.digest)
        assert found.entry == one.entry


def move(fleet: Fleet, places: Places, name: str) -> Move:
    """Bring an image without the promoter, and return the flip of its tag."""
    fleet.prod(name).push(fleet.images[name])
    place = places.destination(PromoteRequest(source="", destination=""), f"prod/{fleet.repository(name)}:1.0")
    said = entry("promoted", place.reference, PromoteRequest(source="", destination=""), RELEASE, None, source="s")
    return Move(place.repository, place.repository.resolve("1.0"), said)
