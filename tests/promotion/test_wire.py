"""What goes over the wire, counted in the registries' logs."""

from __future__ import annotations

import pytest

from tests.support.images import Image, make_image, make_index, make_layer, referrers_tag
from tests.support.registries import Recording
from tests.support.registry_client import push
from tests.support.shop import KINDS, PLATFORMS, Shop, blobs_of, make, writes


def uploads_of(image: Image, seen: Recording) -> list[str]:
    """Return the uploads of the image's blobs; a record's are no part of it."""
    return [digest for digest in seen.uploads if digest in blobs_of(image)]


@pytest.mark.statement("R1", "F11", "P1")
@pytest.mark.parametrize("kind", KINDS)
def test_within_a_registry_blobs_are_mounted_and_no_byte_is_sent(kind: str, two_projects: Shop) -> None:
    image = make(kind, two_projects.name)
    two_projects.stage.push(image)
    two_projects.promoter.hide_skopeo()

    with two_projects.prod.registry.recording() as seen:
        result = two_projects.promote().result

    assert two_projects.prod.digest() == image.digest
    assert sorted(seen.mounts) == sorted(blobs_of(image))
    assert uploads_of(image, seen) == []
    count = len(blobs_of(image))
    assert result["blobs"] == {"total": count, "uploaded": 0, "mounted": count, "present": 0}
    assert result["bytes_uploaded"] == 0


@pytest.mark.statement("R1", "P1")
def test_within_a_repository_nothing_but_the_tag_is_put(shop: Shop) -> None:
    image = make("oci index", shop.name)
    shop.prod.push(image, "1.0")
    shop.promoter.hide_skopeo()

    with shop.prod.registry.recording() as seen:
        result = shop.run("promote", shop.image(shop.prod, "1.0"), shop.image(shop.prod, "ready")).result

    assert shop.prod.digest("ready") == image.digest
    record = result["record"].rpartition("@")[2]
    assert [put.path.rpartition("/")[2] for put in seen.manifest_puts] == [record, referrers_tag(image), "ready"]
    assert (seen.mounts, uploads_of(image, seen)) == ([], [])
    assert result["blobs"]["present"] == result["blobs"]["total"]


@pytest.mark.usefixtures("engine")
def test_to_another_registry_each_blob_is_uploaded_once(shop: Shop) -> None:
    base = make_layer(4_000, f"{shop.name} base")
    platforms = [make_image([base, 1_000], platform=one, seed=f"{shop.name} {one}") for one in PLATFORMS]
    image = make_index(platforms)
    shop.stage.push(image)

    with shop.prod.registry.recording() as seen:
        result = shop.promote().result

    assert sorted(uploads_of(image, seen)) == sorted(blobs_of(image))
    assert result["blobs"] == {"total": 5, "uploaded": 5, "mounted": 0, "present": 0}
    assert result["bytes_uploaded"] == sum({b.digest: b.size for one in platforms for b in one.blobs}.values())


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("said_by", ["flag", "route"])
def test_only_what_is_neither_present_nor_mountable_is_uploaded(said_by: str, shop: Shop) -> None:
    present, mountable, new = (make_layer(2_000, f"{shop.name} {number}") for number in range(3))
    image = make_image([present, mountable, new], seed=shop.name)
    shop.stage.push(image)
    shop.prod.push(make_image([present], seed=f"{shop.name} older"), "older")
    base = f"{shop.prod.repository}-base"
    push(make_image([mountable], seed=f"{shop.name} base"), shop.prod.registry, base, "1.0")
    shop.routes = [{"from": "stage", "to": "prod", "mount-from": [base] if said_by == "route" else []}]

    with shop.prod.registry.recording() as seen:
        result = shop.promote(*([f"--mount-from={base}"] if said_by == "flag" else [])).result

    config = image.blobs[0].digest
    assert sorted(uploads_of(image, seen)) == sorted([config, new.digest])
    assert seen.mounts == [mountable.digest]
    assert result["blobs"] == {"total": 4, "uploaded": 2, "mounted": 1, "present": 1}


def test_no_skopeo_is_started_when_all_blobs_are_in_reach(shop: Shop) -> None:
    image = make("oci index", shop.name)
    shop.stage.push(image)
    base = f"{shop.prod.repository}-base"
    push(image, shop.prod.registry, base, "1.0")
    shop.promoter.hide_skopeo()

    assert shop.promote(f"--mount-from={base}").exit_code == 0
    assert shop.prod.digest() == image.digest


def test_an_unchanged_image_causes_no_write_and_no_skopeo(shop: Shop) -> None:
    shop.stage.push(make("docker index", shop.name))
    first = shop.promote()
    shop.promoter.hide_skopeo()

    with shop.prod.registry.recording() as seen:
        second = shop.promote()

    assert (first.result["status"], second.result["status"], second.exit_code) == ("promoted", "unchanged", 0)
    assert (first.result["verified"], second.result["verified"]) == (True, True)
    assert second.result["digest"] == first.result["digest"]
    assert writes(seen) == []


def test_mounting_from_the_destination_itself_is_no_way_to_get_a_blob(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    assert shop.promote(f"--mount-from={shop.prod.repository}").exit_code == 0
    assert shop.prod.digest() == image.digest


def test_an_upload_that_a_registry_opens_in_place_of_a_mount_is_cancelled(shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))

    with shop.prod.registry.recording() as seen:
        assert shop.promote("--mount-from=shop-dev/nothing-there").exit_code == 0

    opened = [post for post in seen.matching("POST", "/blobs/uploads/", 202) if "mount" in post.query]
    assert len(seen.matching("DELETE", "/blobs/uploads/", 204)) == len(opened) == 3


class TestDryRun:
    def test_changes_nothing_and_tells_what_would_be_sent(self, shop: Shop) -> None:
        image = make("oci index", shop.name)
        shop.stage.push(image)

        with shop.prod.registry.recording() as seen:
            result = shop.promote("--dry-run").result

        assert writes(seen) == []
        assert shop.prod.tags() == set()
        assert result["status"] == "planned"
        assert tuple(result["platforms"]) == PLATFORMS
        assert result["blobs"] == {"total": 6, "uploaded": 6, "mounted": 0, "present": 0}
        assert result["bytes_uploaded"] == sum(blob.size for one in image.children for blob in one.blobs)

    def test_tells_what_is_present(self, shop: Shop) -> None:
        base = make_layer(3_000, f"{shop.name} base")
        shop.prod.push(make_image([base], seed=f"{shop.name} older"), "older")
        image = make_image([base, 1_000], seed=shop.name)
        shop.stage.push(image)

        result = shop.promote("--dry-run").result

        assert result["blobs"] == {"total": 3, "uploaded": 2, "mounted": 0, "present": 1}
        assert result["bytes_uploaded"] == image.blobs[0].size + image.blobs[2].size

    def test_tells_what_is_mounted_from_a_named_repository(self, shop: Shop) -> None:
        image = make("oci image", shop.name)
        shop.stage.push(image)
        push(image, shop.prod.registry, f"{shop.prod.repository}-base", "1.0")
        result = shop.promote("--dry-run", f"--mount-from={shop.prod.repository}-base").result
        assert result["blobs"] == {"total": 3, "uploaded": 0, "mounted": 3, "present": 0}

    def test_tells_what_is_mounted_within_a_registry(self, two_projects: Shop) -> None:
        two_projects.stage.push(make("oci image", two_projects.name))
        result = two_projects.promote("--dry-run").result
        assert result["blobs"] == {"total": 3, "uploaded": 0, "mounted": 3, "present": 0}

    def test_of_a_taken_tag_is_refused(self, shop: Shop) -> None:
        shop.stage.push(make_image(seed=f"{shop.name} new"))
        shop.prod.push(make_image(seed=f"{shop.name} old"))
        assert shop.promote("--dry-run").exit_code == 3

    def test_of_a_taken_tag_with_force_names_what_it_would_replace(self, shop: Shop) -> None:
        new, old = (make_image(seed=f"{shop.name} {one}") for one in ("new", "old"))
        shop.stage.push(new)
        shop.prod.push(old)

        with shop.prod.registry.recording() as seen:
            result = shop.promote("--dry-run", "--force").result

        assert (result["status"], result["digest"], result["previous_digest"]) == ("planned", new.digest, old.digest)
        assert writes(seen) == []
