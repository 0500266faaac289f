"""Sources that are not what they were, or not what they say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.faults import FaultyProxy
from tests.support.images import OCI_INDEX, Image, make_image, sign_cosign_style
from tests.support.promoter import in_little_time
from tests.support.registry_client import delete_blob, delete_manifest
from tests.support.shop import Shop, make


@pytest.fixture
def image(shop: Shop) -> Image:
    """An image that is there to be promoted."""
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    return image


def deletion(shop: Shop, image: Image) -> Callable[[], None]:
    return lambda: delete_manifest(shop.stage.registry, shop.stage.repository, image.digest)


def test_a_tag_that_is_not_there_is_not_found(shop: Shop, image: Image) -> None:
    outcome = shop.promote(source="2.0")
    assert outcome.exit_code == 4
    assert f"{shop.stage}:2.0" in outcome.error["message"]
    assert shop.prod.tags() == set()


def test_an_image_that_went_away_after_it_was_resolved_is_not_found(
    shop: Shop, image: Image, before_stage: FaultyProxy
) -> None:
    before_stage.when("GET", "/manifests/sha256:", times=1).call(deletion(shop, image))
    assert shop.promote().exit_code == 4
    assert shop.prod.tags() == set()


def test_a_platform_that_went_away_after_its_index_was_resolved_is_not_found(
    shop: Shop, before_stage: FaultyProxy
) -> None:
    index = make("oci index", shop.name)
    shop.stage.push(index)
    platform = index.children[1]
    before_stage.when("GET", f"/manifests/{platform.digest}", times=1).call(deletion(shop, platform))
    outcome = shop.promote()
    assert outcome.exit_code == 4
    assert platform.digest in outcome.error["message"]
    assert shop.prod.tags() == set()


@pytest.mark.usefixtures("engine")
def test_a_layer_that_went_away_is_not_found(shop: Shop, image: Image, before_stage: FaultyProxy) -> None:
    layer = image.blobs[2].digest
    before_stage.when("GET", layer, times=1).call(
        lambda: delete_blob(shop.stage.registry, shop.stage.repository, layer)
    )
    assert shop.promote().exit_code == 4
    assert shop.prod.tags() == set()


@pytest.mark.usefixtures("engine")
def test_a_tag_that_moves_during_the_copy_does_not_change_what_is_promoted(
    shop: Shop, image: Image, before_stage: FaultyProxy
) -> None:
    before_stage.when("GET", "/manifests/sha256:", times=1).call(
        lambda: shop.stage.push(make_image(seed=f"{shop.name} later"))
    )
    assert shop.promote().result["digest"] == image.digest
    assert shop.prod.digest() == image.digest


@pytest.mark.parametrize("change", ["corrupt", "truncate"])
def test_a_manifest_that_changed_on_the_way_fails_the_verification(
    change: str, shop: Shop, image: Image, before_stage: FaultyProxy
) -> None:
    rule = before_stage.when("GET", "/manifests/sha256:")
    if change == "corrupt":
        rule.corrupt(at_byte=50)
    else:
        rule.truncate(to_bytes=50)

    outcome = shop.promote()

    assert outcome.exit_code == 7
    assert image.digest in outcome.error["message"]
    assert shop.prod.tags() == set()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("blob", ["config", "layer"])
def test_a_blob_that_changed_on_the_way_fails_the_verification(
    blob: str, shop: Shop, image: Image, before_stage: FaultyProxy
) -> None:
    before_stage.when("GET", image.blobs[0 if blob == "config" else 2].digest).corrupt(at_byte=20)
    assert shop.promote().exit_code == 7
    assert shop.prod.tags() == set()


def test_a_signature_that_changed_on_the_way_fails_the_verification(
    shop: Shop, image: Image, before_stage: FaultyProxy
) -> None:
    tag, signature = next(iter(sign_cosign_style(image).items()))
    shop.stage.push(signature, tag)
    before_stage.when("GET", signature.blobs[1].digest).corrupt(at_byte=20)
    assert shop.promote().exit_code == 7
    assert shop.prod.digest() is None


def test_an_index_that_lacks_a_platform_is_not_found(shop: Shop) -> None:
    index = make("oci index", shop.name)
    shop.stage.push(index)
    delete_manifest(shop.stage.registry, shop.stage.repository, index.children[1].digest)
    outcome = shop.promote()
    assert outcome.exit_code == 4
    assert index.children[1].digest in outcome.error["message"]
    assert shop.prod.tags() == set()


@pytest.mark.parametrize("status", [401, 403, 404, 405, 501])
def test_a_registry_that_lists_no_tags_is_asked_for_each(
    status: int, shop: Shop, image: Image, before_stage: FaultyProxy
) -> None:
    tag, signature = next(iter(sign_cosign_style(image).items()))
    shop.stage.push(signature, tag)
    before_stage.when("GET", "/tags/list").answer(status, {"WWW-Authenticate": 'Basic realm="registry"'})

    assert shop.promote().exit_code == 0

    assert shop.prod.digest(tag) == signature.digest


NONSENSE: dict[str, tuple[str, dict[str, str], bytes]] = {
    "tags: HTML": ("/tags/list", {}, b"<html>"),
    "tags: numbers": ("/tags/list", {}, b'{"tags": [1]}'),
    "tags: a link without brackets": ("/tags/list", {"Link": '/next; rel="next"'}, b'{"tags": []}'),
    "referrers: HTML": ("/referrers/", {"Content-Type": OCI_INDEX}, b"<html>"),
    "referrers: no digests": ("/referrers/", {"Content-Type": OCI_INDEX}, b'{"manifests": [{}]}'),
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE.keys())
def test_a_registry_that_answers_nonsense_is_told(
    nonsense: tuple[str, dict[str, str], bytes], shop: Shop, image: Image, before_stage: FaultyProxy
) -> None:
    path, headers, body = nonsense
    before_stage.when("GET", path).answer(200, headers, body)

    outcome = shop.promote()

    assert outcome.exit_code == 6
    assert f"{before_stage.host} gives no answer that can be used" in outcome.error["message"]
    assert shop.prod.digest() is None


@pytest.mark.parametrize("path", ["/manifests/1.0$", "/manifests/sha256:", "/tags/list"])
def test_a_registry_that_drips_is_not_waited_for(
    path: str, shop: Shop, image: Image, before_stage: FaultyProxy
) -> None:
    rule = before_stage.when("GET", path)
    rule.drip()
    outcome = in_little_time(lambda seconds: shop.promote(f"--timeout={seconds}s"), lambda _: rule.met > 0)
    assert outcome.exit_code == 8
    assert shop.prod.digest() is None


def test_signatures_that_may_not_be_looked_for_stop_the_promotion(
    shop: Shop, image: Image, before_stage: FaultyProxy
) -> None:
    tag, signature = next(iter(sign_cosign_style(image).items()))
    shop.stage.push(signature, tag)
    before_stage.when(path=r"\.sig$|/tags/list").answer(403)
    assert shop.promote().exit_code == 5
    assert shop.prod.digest() is None
