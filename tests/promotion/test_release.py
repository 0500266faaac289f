"""Releases: many images at once, whose tags flip together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.fleet import APPLICATIONS, Fleet
from tests.support.images import (
    make_image,
    make_index,
    make_referrer,
    make_referrers_index,
    referrers_tag,
    sign_cosign_style,
)
from tests.support.registries import Registry
from tests.support.registry_client import push
from tests.support.shop import PLATFORMS, Shop, Side, blobs_of, writes
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService


@pytest.fixture
def fleet(shop: Shop) -> Fleet:
    """Four applications, none of which is in production."""
    return Fleet(shop)


@pytest.mark.statement("P1")
def test_all_tags_are_what_was_released(fleet: Fleet) -> None:
    result = fleet.run("--promotion-id=release-7", "--reason=release 7").result

    assert (result["status"], result["release_id"]) == ("promoted", "release-7")
    assert fleet.digests() == fleet.wanted
    assert {tag["destination"]: tag["digest"] for tag in result["tags"]} == {
        f"{fleet.prod(name)}:1.0": image.digest for name, image in fleet.images.items()
    }
    for name in fleet.images:
        [entry] = fleet.history(name)
        assert (entry["promotion_id"], entry["reason"], entry["current"]) == ("release-7", "release 7", True)
        assert entry["source"] == f"{fleet.stage(name)}:1.0"


def test_each_blob_crosses_the_network_once(fleet: Fleet) -> None:
    with fleet.shop.prod.registry.recording() as put, fleet.shop.stage.registry.recording() as got:
        result = fleet.run().result

    shared = [layer.digest for layer in fleet.base]
    assert sorted(fleet.uploads(put)) == sorted(fleet.blobs)
    assert sorted(fleet.downloads(got)) == sorted(fleet.blobs)
    mounts = [digest for digest in put.mounts if digest in fleet.blobs]
    assert sorted(mounts) == sorted(shared * (len(APPLICATIONS) - 1))
    assert result["blobs"] == {"total": 16, "uploaded": 10, "mounted": 6, "present": 0}
    sizes = {blob.digest: blob.size for image in fleet.images.values() for blob in image.blobs}
    assert result["bytes_uploaded"] == sum(sizes.values())


def test_tags_flip_when_all_images_are_there(fleet: Fleet) -> None:
    with fleet.shop.prod.registry.recording() as seen:
        assert fleet.run().exit_code == 0

    names = [put.path.rpartition("/")[2] for put in seen.manifest_puts]
    first_flip = names.index("1.0")
    assert names[first_flip:] == ["1.0"] * len(APPLICATIONS)
    assert set(fleet.wanted.values()) <= set(names[:first_flip])
    verified = [head.path.rpartition("/")[2] for head in seen.matching("GET", "/manifests/sha256:", 200)]
    assert set(fleet.wanted.values()) <= set(verified)


def test_a_second_time_nothing_is_written_and_no_blob_is_asked_for(fleet: Fleet) -> None:
    assert fleet.run().exit_code == 0

    with fleet.shop.prod.registry.recording() as prod, fleet.shop.stage.registry.recording() as stage:
        result = fleet.run().result

    assert {tag["status"] for tag in result["tags"]} == {result["status"]} == {"unchanged"}
    answered = [one for one in prod.requests + stage.requests if one.status == 200]
    assert {one.method for one in answered} == {"HEAD"}
    assert len(answered) == 2 * len(APPLICATIONS)
    assert writes(prod) + writes(stage) == []


def test_what_travels_with_an_image_comes_along(fleet: Fleet) -> None:
    stage, prod = fleet.stage("api"), fleet.prod("api")
    signed = make_index([make_image(platform=one, seed=f"{fleet.shop.name} {one}") for one in PLATFORMS])
    stage.push(signed)
    for tag, signature in sign_cosign_style(signed).items():
        push(signature, stage.registry, stage.repository, tag)
    referrer = make_referrer(signed, "application/vnd.example+json", b"{}")
    push(make_referrers_index([referrer]), stage.registry, stage.repository, referrers_tag(signed))

    assert fleet.run().exit_code == 0

    assert prod.digest() == signed.digest
    assert set(sign_cosign_style(signed)) <= prod.tags()
    assert prod.resolve(referrer.digest)
    assert all(prod.resolve(child.digest) for child in signed.children)


def test_one_image_to_several_repositories_and_tags(fleet: Fleet) -> None:
    image = fleet.images["api"]
    source, name = f"stage/{fleet.repository('api')}:1.0", fleet.repository("api")
    fleet.write(f"{source} prod prod/{name}:stable prod/{name}-copy:1.0", f"{source} prod/{name}:stable")

    with fleet.shop.prod.registry.recording() as seen:
        result = fleet.run().result

    assert [tag["destination"].rpartition("/")[2] for tag in result["tags"]] == [
        f"{name}:1.0",
        f"{name}:stable",
        f"{name}-copy:1.0",
    ]
    assert {fleet.prod("api").digest(tag) for tag in ("1.0", "stable")} == {image.digest}
    assert fleet.prod("api-copy").digest() == image.digest
    assert sorted(fleet.uploads(seen)) == sorted(blobs_of(image))
    assert [entry["current"] for entry in fleet.history("api")] == [True]
    puts = [put.path for put in seen.manifest_puts if put.path.endswith(image.digest)]
    assert len(puts) == len(set(puts)) == 2


def test_within_a_registry_everything_is_mounted(two_projects: Shop) -> None:
    fleet = Fleet(two_projects)

    with two_projects.prod.registry.recording() as seen:
        result = fleet.run().result

    assert fleet.digests() == fleet.wanted
    assert (fleet.uploads(seen), fleet.downloads(seen)) == ([], [])
    assert result["blobs"] == {"total": 16, "uploaded": 0, "mounted": 16, "present": 0}


def test_within_a_repository_only_tags_and_records_are_put(fleet: Fleet) -> None:
    assert fleet.run().exit_code == 0
    fleet.write(*(f"prod/{fleet.repository(name)}:1.0 prod/{fleet.repository(name)}:live" for name in APPLICATIONS))

    with fleet.shop.prod.registry.recording() as seen:
        result = fleet.run().result

    assert {name: fleet.prod(name).digest("live") for name in APPLICATIONS} == fleet.wanted
    assert result["blobs"] == {"total": 16, "uploaded": 0, "mounted": 0, "present": 16}
    assert fleet.uploads(seen) == []
    assert {put.path.rpartition("/")[2] for put in seen.manifest_puts}.isdisjoint(fleet.wanted.values())


def test_what_tags_were_is_kept(fleet: Fleet) -> None:
    before = fleet.released()
    result = fleet.run("--force").result
    assert fleet.digests() == fleet.wanted
    for tag, (name, image) in zip(result["tags"], before.items(), strict=True):
        assert tag["previous_digest"] == image.digest
        assert fleet.prod(name).digest(tag["kept"]) == image.digest


def test_taken_tags_are_named_together_and_nothing_is_changed(fleet: Fleet) -> None:
    before = {name: fleet.image(name, 0) for name in ("api", "web")}
    for name, image in before.items():
        fleet.prod(name).push(image)

    with fleet.shop.prod.registry.recording() as seen:
        outcome = fleet.run()

    assert outcome.exit_code == 3
    assert outcome.error["message"].startswith("2 tags of the release are taken by other digests: ")
    for name, image in before.items():
        assert f"{fleet.prod(name)}:1.0 is {image.digest}" in outcome.error["message"]
    assert writes(seen) == []


def test_missing_images_are_named_together_and_nothing_is_changed(fleet: Fleet) -> None:
    lines = fleet.lines
    fleet.write(lines[0], "stage/gone:1.0 prod", *lines[1:], f"stage/{fleet.repository('api')}:gone prod")

    with fleet.shop.prod.registry.recording() as seen:
        outcome = fleet.run()

    assert outcome.exit_code == 4
    assert "2 of 6 images of the release are not there: " in outcome.error["message"]
    assert re.search(r"shop-dev/gone:1\.0 \(.*release\.txt, line 2\).*:gone \(.*line 6\)", outcome.error["message"])
    assert writes(seen) == []


def test_to_two_registries_at_once(fleet: Fleet, ca: CertificateAuthority, tmp_path: Path) -> None:
    with Registry(tmp_path / "far", ca) as far:
        project = fleet.shop.environments["prod"]["project"]
        fleet.shop.environments["far"] = {"registry": far.host, "project": project, "ca": str(ca.certificate)}
        fleet.write(*(f"{line} far" for line in fleet.lines))
        with far.recording() as seen, fleet.shop.prod.registry.recording() as prod:
            result = fleet.run().result

        assert len(result["tags"]) == 2 * len(APPLICATIONS)
        assert fleet.digests() == fleet.wanted
        sides = {name: Side("far", far, fleet.prod(name).repository) for name in APPLICATIONS}
        assert {name: side.digest() for name, side in sides.items()} == fleet.wanted
    assert sorted(fleet.uploads(seen)) == sorted(fleet.uploads(prod)) == sorted(fleet.blobs)


def test_one_token_does_for_several_repositories(two_projects: Shop, token_service: TokenService) -> None:
    fleet = Fleet(two_projects)
    with token_service.recording() as asked:
        assert fleet.run().exit_code == 0
    assert len(asked) <= 4
    assert max(len(request.scopes) for request in asked) >= 2 * len(APPLICATIONS)


def test_requests_grow_with_images_and_blobs(fleet: Fleet) -> None:
    counts = []
    for number in (2, 4):
        fleet.write(*fleet.lines[number - 2 : number])
        with fleet.shop.prod.registry.recording() as seen:
            assert fleet.run().exit_code == 0
        counts.append(len([one for one in seen.requests if one.status != 401]))
    assert abs(counts[1] - counts[0]) <= 4
