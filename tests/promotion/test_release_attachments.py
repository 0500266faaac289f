"""Releases of images with attachments."""

from __future__ import annotations

import pytest

from tests.support.faults import FaultyProxy
from tests.support.images import Image, make_image, make_referrer, make_referrers_index, referrers_tag
from tests.support.shop import Shop
from tests.support.waiting import wait_until

REPORT = "application/vnd.example.report.v1+json"
TAGS = ("1.0", "2.0")


@pytest.fixture
def reports(shop: Shop) -> list[Image]:
    """What is attached to each of two images of one repository; their configs are the same."""
    made = []
    for tag in TAGS:
        image = make_image(seed=f"{shop.name} {tag}")
        shop.stage.push(image, tag)
        report = make_referrer(image, REPORT, f"{shop.name} {tag}".encode())
        shop.stage.push(report, report.digest)
        shop.stage.push(make_referrers_index([report]), referrers_tag(image))
        made.append(report)
    return made


def test_a_blob_that_attachments_of_two_images_share_is_brought_once(
    shop: Shop, reports: list[Image], before_prod: FaultyProxy
) -> None:
    [shared] = set(reports[0].blobs) & set(reports[1].blobs)
    own = [blob.digest for report in reports for blob in report.blobs if blob != shared]

    def others_are_there() -> bool:
        puts = [one.path for one in before_prod.requests if one.method == "PUT" and one.status == 201]
        return all(any(digest.replace(":", "%3A") in path for path in puts) for digest in own)

    put = before_prod.when("PUT", shared.digest.replace(":", "%3A"))
    put.call(lambda: wait_until(others_are_there, "what else the attachments have to be there"))
    pairs = [f"{shop.image(shop.stage, tag)}={shop.image(shop.prod, tag)}" for tag in TAGS]

    with shop.prod.registry.recording() as seen:
        assert shop.run("release", *pairs).exit_code == 0

    assert seen.uploads.count(shared.digest) == 1
    assert all(shop.prod.resolve(report.digest) for report in reports)
