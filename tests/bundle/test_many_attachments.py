"""An image with many attachments: they come at the same time, and are listed together."""

from __future__ import annotations

import json

import pytest

from tests.bundle.conftest import BUNDLE, REPORT, SIGNATURE
from tests.promotion.conftest import before_prod
from tests.support.faults import FaultyProxy
from tests.support.images import Image, make_image, make_referrer, make_referrers_index, referrers_tag
from tests.support.shop import Shop
from tests.support.waiting import wait_until

__all__ = ["before_prod"]

COUNT = 40
AT_ONCE = 6


@pytest.fixture
def attachments(shop: Shop) -> dict[str, list[Image]]:
    """What is attached to an image at stage, and to the first of these, by the tags of the two lists."""
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    reports = [make_referrer(image, REPORT, f"{shop.name} {number}".encode()) for number in range(COUNT)]
    signatures = [make_referrer(reports[0], SIGNATURE, f"{shop.name} signed {number}".encode()) for number in range(2)]
    attached = {image: reports, reports[0]: signatures}
    for subject, those in attached.items():
        for one in those:
            shop.stage.push(one, one.digest)
        shop.stage.push(make_referrers_index(those), referrers_tag(subject))
    return {referrers_tag(subject): those for subject, those in attached.items()}


@pytest.fixture
def bundle(shop: Shop, attachments: dict[str, list[Image]]) -> str:
    """That image in a bundle."""
    result = shop.run("export-bundle", shop.image(shop.stage), "--output", BUNDLE).result
    assert result["images"][0]["companions"] == sum(map(len, attachments.values()))
    return BUNDLE


def test_each_list_is_written_once(shop: Shop, bundle: str, attachments: dict[str, list[Image]]) -> None:
    with shop.prod.registry.recording() as seen:
        record = shop.run("import-bundle", bundle, "prod").result["tags"][0]["record"].rpartition("@")[2]

    [image_list, report_list] = attachments
    puts = [put.path.rpartition("/")[2] for put in seen.manifest_puts]
    assert puts.count(report_list) == 1
    assert puts.count(image_list) == 2  # all attachments, and then the record
    for tag, those in attachments.items():
        found = shop.prod.resolve(tag)
        assert found
        wanted = [one.digest for one in those] + ([record] if tag == image_list else [])
        assert sorted(entry["digest"] for entry in json.loads(found.content)["manifests"]) == sorted(wanted)
        assert [puts.count(one.digest) for one in those] == [1] * len(those)


def test_attachments_come_at_the_same_time(shop: Shop, bundle: str, before_prod: FaultyProxy) -> None:
    image = shop.stage.digest()
    put = before_prod.when("PUT", f"/manifests/(?!{image})sha256:")
    hold = put.hold()

    shop.configure()
    with shop.promoter.start("import-bundle", bundle, "prod") as running:
        wait_until(lambda: put.met >= AT_ONCE, f"{AT_ONCE} attachments to be on their way")
        hold.release()
        assert running.outcome().exit_code == 0


def test_an_attachment_that_cannot_be_brought_leaves_the_tag_free(
    shop: Shop, bundle: str, attachments: dict[str, list[Image]], before_prod: FaultyProxy
) -> None:
    lost = next(iter(attachments.values()))[7]
    before_prod.when("PUT", f"/manifests/{lost.digest}").answer(403)

    assert shop.run("import-bundle", bundle, "prod").error["exit_code"] == 5
    assert shop.prod.digest() is None


def test_a_list_that_another_writer_changes_meanwhile_has_both(
    shop: Shop, bundle: str, attachments: dict[str, list[Image]], before_prod: FaultyProxy
) -> None:
    (tag, reports), *_ = attachments.items()
    image = make_image(seed=shop.name)
    theirs = make_referrer(image, REPORT, f"{shop.name} theirs".encode())

    def overwrite() -> None:
        shop.prod.push(theirs, theirs.digest)
        shop.prod.push(make_referrers_index([theirs]), tag)

    before_prod.when("GET", f"/manifests/{tag}$", after=1, times=1).call(overwrite)

    assert shop.run("import-bundle", bundle, "prod").exit_code == 0

    found = shop.prod.resolve(tag)
    assert found
    there = {entry["digest"] for entry in json.loads(found.content)["manifests"]}
    assert {theirs.digest, *(one.digest for one in reports)} <= there


def test_a_promotion_brings_them_at_the_same_time_too(
    shop: Shop, attachments: dict[str, list[Image]], before_prod: FaultyProxy
) -> None:
    those = "|".join(one.digest for one in next(iter(attachments.values())))
    put = before_prod.when("PUT", f"/manifests/({those})")
    hold = put.hold()

    with shop.start_promotion() as running:
        wait_until(lambda: put.met >= 4, "4 attachments to be on their way")
        hold.release()
        assert running.outcome().exit_code == 0

    puts = [one.path.rpartition("/")[2] for one in before_prod.requests if one.method == "PUT"]
    assert puts.count(next(iter(attachments))) == 2
