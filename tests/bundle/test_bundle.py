"""Images go from one registry through a bundle into another one, byte for byte, with all that travels along."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.bundle.conftest import BUNDLE, Carrier, contents, downloads
from tests.support.fleet import listed
from tests.support.shop import writes


@pytest.mark.statement("P23")
def test_five_images_arrive_byte_for_byte_with_all_that_travels_along(carrier: Carrier) -> None:
    exported = carrier.export().result
    with carrier.far.recording() as seen:
        imported = carrier.bring("--reason=release 7").result

    assert carrier.digests() == carrier.wanted
    for name, image in carrier.images.items():
        for part in (image, *image.children):
            there = carrier.there(name).resolve(part.digest)
            assert there
            assert (there.content, there.media_type) == (part.content, part.media_type)
    for name, companions in carrier.companions.items():
        found = {locator: carrier.there(name).digest(locator) for locator in companions}
        assert found == {locator: companion.digest for locator, companion in companions.items()}
    report, signature = carrier.companions["cron"]
    assert report in listed(carrier.there("cron"), carrier.images["cron"])
    assert listed(carrier.there("cron"), carrier.companions["cron"][report]) == [signature]
    assert sorted(carrier.uploads(seen)) == sorted(carrier.blobs)
    assert imported["bundle"] == exported["digest"]
    assert (imported["status"], exported["status"]) == ("promoted", "exported")


def test_what_arrived_is_recorded_with_the_bundle_and_where_it_came_from(carrier: Carrier) -> None:
    digest = carrier.export().result["digest"]
    carrier.bring("--reason=release 7").result  # noqa: B018 - asserts that it succeeded

    [entry] = carrier.run("history", f"far/{carrier.name('api')}:1.0").result["entries"]

    assert entry["source"] == f"bundle:{digest}/{carrier.stage('api')}:1.0"
    assert (entry["reason"], entry["current"], entry["action"]) == ("release 7", True, "promoted")


def test_a_bundle_is_a_layout_with_checksums_that_other_tools_read(carrier: Carrier, tmp_path: Path) -> None:
    bundle = carrier.exported()
    unpacked = tmp_path / "unpacked"
    with tarfile.open(bundle) as tar:
        tar.extractall(unpacked, filter="data")

    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=unpacked, check=True)
    name = f"oci:{unpacked}:{carrier.name('cron')}:1.0"
    raw = subprocess.run(["skopeo", "inspect", "--raw", name], check=True, capture_output=True).stdout
    assert raw == carrier.images["cron"].content
    with tarfile.open(bundle) as tar:
        assert tar.getnames() == ["bundle.json", "SHA256SUMS", "oci-layout", "index.json", *sorted(tar.getnames()[4:])]
        assert len(tar.getnames()) == len(set(tar.getnames()))


def test_the_same_images_make_the_same_bytes(carrier: Carrier) -> None:
    first = carrier.exported()
    assert carrier.export(output="again.tar").exit_code == 0
    assert (carrier.directory / "again.tar").read_bytes() == first.read_bytes()


def test_file_and_directory_are_the_same_bundle(carrier: Carrier) -> None:
    as_file, as_directory = carrier.export().result, carrier.export(output="release/").result
    assert as_file["digest"] == as_directory["digest"]
    text = (carrier.directory / "release" / "bundle.json").read_bytes()
    assert as_file["digest"] == f"sha256:{hashlib.sha256(text).hexdigest()}"
    assert contents(carrier.directory / "release")["created"] == "2024-01-01T00:00:00Z"

    carrier.bring(bundle="release").result  # noqa: B018 - asserts that it succeeded
    assert carrier.digests() == carrier.wanted


def test_each_blob_is_got_once(carrier: Carrier) -> None:
    with carrier.shop.stage.registry.recording() as seen:
        result = carrier.export().result
    got = downloads(seen)
    assert carrier.blobs <= set(got)
    assert len(got) == len(set(got)) == result["blobs"]["fetched"]


def test_a_second_import_uploads_nothing(carrier: Carrier) -> None:
    carrier.exported()
    assert carrier.bring().exit_code == 0
    with carrier.far.recording() as seen:
        assert carrier.bring().result["status"] == "unchanged"
    assert writes(seen) == []


def test_a_second_export_into_a_directory_gets_no_blob(carrier: Carrier) -> None:
    first = carrier.export(output="release/").result
    with carrier.shop.stage.registry.recording() as seen:
        second = carrier.export(output="release/").result
    assert downloads(seen) == []
    assert second["digest"] == first["digest"]
    assert second["blobs"]["present"] == first["blobs"]["fetched"]


def test_a_dry_run_says_what_would_be_brought_and_changes_nothing(carrier: Carrier) -> None:
    carrier.exported()
    with carrier.far.recording() as seen:
        result = carrier.bring("--dry-run").result
    assert (result["status"], result["blobs"]["uploaded"]) == ("planned", len(carrier.blobs))
    assert result["estimated_seconds"] is None
    assert writes(seen) == []


def test_one_image_of_several(carrier: Carrier) -> None:
    carrier.exported()
    assert carrier.bring(f"--image={carrier.name('api')}:1.0").exit_code == 0
    assert {name for name, digest in carrier.digests().items() if digest} == {"api"}
    error = carrier.bring("--image=other:1.0").error
    assert error["exit_code"] == 4
    assert f"{carrier.name('web')}:1.0" in error["remedy"]


def test_a_registry_that_no_configuration_names(carrier: Carrier) -> None:
    carrier.exported()
    token = carrier.shop.environments.pop("far")["credentials"]
    flags = ["--destination-ca", carrier.shop.environments["stage"]["ca"], "--destination-credentials", token]
    assert carrier.run("import-bundle", BUNDLE, f"{carrier.far.host}/shop", *flags).exit_code == 0
    assert carrier.digests() == carrier.wanted


@pytest.mark.parametrize("ending", ["txt", "yaml"])
def test_the_file_of_a_release_says_what_is_exported(ending: str, carrier: Carrier) -> None:
    lines = [f"  - {{source: '{source}', destination: prod}}" for source in carrier.sources]
    text = "\n".join(
        ["images:", *lines] if ending == "yaml" else [f"{source} prod # later" for source in carrier.sources]
    )
    file = carrier.directory / f"release.{ending}"
    file.write_text(text)
    result = carrier.run("export-bundle", file, "--output", BUNDLE).result
    assert [image["image"] for image in result["images"]] == sorted(
        f"{carrier.name(one)}:1.0" for one in carrier.images
    )


def test_a_pattern_chooses_tags(carrier: Carrier) -> None:
    carrier.stage("api").push(carrier.images["api"], "1.1")
    result = carrier.run("export-bundle", f"stage/{carrier.name('api')}:1.*", "--output", BUNDLE).result
    assert [image["image"].rpartition(":")[2] for image in result["images"]] == ["1.0", "1.1"]
