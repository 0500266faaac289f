"""What goes along with an image: cosign's tags and OCI referrers."""

from __future__ import annotations

import json

from tests.support.images import (
    Image,
    make_image,
    make_referrer,
    make_referrers_index,
    referrers_tag,
    sign_cosign_style,
)
from tests.support.registry_client import push
from tests.support.shop import Shop, Side, make

SIGNATURE = "application/vnd.example.signature.v1"
REPORT = "application/vnd.example.report.v1+json"


def attach(referrer: Image, subject: Image, side: Side) -> Image:
    """Attach one referrer to an image that is there, and return it."""
    side.push(referrer, referrer.digest)
    side.push(make_referrers_index([referrer]), referrers_tag(subject))
    return referrer


def referrers(side: Side, subject: str) -> list[str]:
    """Return the digests of what refers to a digest."""
    found = side.resolve(subject.replace(":", "-"))
    return [entry["digest"] for entry in json.loads(found.content)["manifests"]] if found else []


def test_cosigns_tags_go_along_for_the_index_and_for_each_platform(shop: Shop) -> None:
    image = make("oci index", shop.name)
    shop.stage.push(image)
    signatures = {
        tag: signature for one in (image, *image.children) for tag, signature in sign_cosign_style(one).items()
    }
    for tag, signature in signatures.items():
        shop.stage.push(signature, tag)

    assert shop.promote().exit_code == 0

    assert len(signatures) == 9
    assert {tag: shop.prod.digest(tag) for tag in signatures} == {
        tag: signature.digest for tag, signature in signatures.items()
    }


def test_a_cosign_tag_that_the_destination_has_is_left_as_it_is(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    tag, theirs = next(iter(sign_cosign_style(image).items()))
    shop.stage.push(theirs, tag)
    ours = make_image(seed=f"{shop.name} another signature")
    shop.prod.push(ours, tag)

    assert shop.promote().exit_code == 0
    assert shop.prod.digest(tag) == ours.digest


def test_referrers_and_their_referrers_go_along(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    report = attach(make_referrer(image, REPORT, shop.name.encode(), {"by": "QA"}), image, shop.stage)
    signature = attach(make_referrer(report, SIGNATURE, b"signed"), report, shop.stage)

    result = shop.promote().result

    for one in (report, signature):
        there = shop.prod.resolve(one.digest)
        assert there
        assert there.content == one.content
    record = result["record"].rpartition("@")[2]
    assert referrers(shop.prod, image.digest) == [report.digest, record]
    assert referrers(shop.prod, report.digest) == [signature.digest]


def test_referrers_of_a_platform_go_along(shop: Shop) -> None:
    image = make("oci index", shop.name)
    shop.stage.push(image)
    platform = image.children[1]
    report = attach(make_referrer(platform, REPORT, b"scanned"), platform, shop.stage)

    assert shop.promote().exit_code == 0
    assert referrers(shop.prod, platform.digest) == [report.digest]


def test_referrers_that_the_destination_has_stay_listed(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    shop.prod.push(image, "older")
    theirs = attach(make_referrer(image, REPORT, b"tested"), image, shop.stage)
    ours = attach(make_referrer(image, REPORT, b"scanned"), image, shop.prod)

    record = shop.promote().result["record"].rpartition("@")[2]

    assert referrers(shop.prod, image.digest) == [ours.digest, theirs.digest, record]


def test_the_type_and_annotations_of_a_referrer_are_listed(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    attach(make_referrer(image, REPORT, b"tested", {"by": "QA"}), image, shop.stage)

    shop.promote()

    listed = shop.prod.resolve(referrers_tag(image))
    assert listed
    entry = json.loads(listed.content)["manifests"][0]
    assert (entry["artifactType"], entry["annotations"]) == (REPORT, {"by": "QA"})


def test_records_stay_where_they_are_since_they_could_be_forged(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    assert shop.promote().exit_code == 0
    archive = Side("archive", shop.prod.registry, f"archive/{shop.name}")
    shop.environments["archive"] = {**shop.environments["prod"], "project": "archive"}

    result = shop.run("promote", shop.image(shop.prod), "archive").result

    assert referrers(archive, image.digest) == [result["record"].rpartition("@")[2]]
    entries = shop.run("history", shop.image(archive)).result["entries"]
    assert [one["source"] for one in entries] == [f"{shop.prod}:1.0"]
    assert len(shop.history()) == 1


def test_within_a_repository_they_are_there_already(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.prod.push(image)
    tag, signature = next(iter(sign_cosign_style(image).items()))
    push(signature, shop.prod.registry, shop.prod.repository, tag)

    with shop.prod.registry.recording() as seen:
        assert shop.run("promote", shop.image(shop.prod), shop.image(shop.prod, "ready")).exit_code == 0

    assert [put for put in seen.manifest_puts if put.path.endswith((signature.digest, tag))] == []
