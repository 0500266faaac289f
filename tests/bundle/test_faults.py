"""Exports and imports that are cut short: nothing passes for a bundle, nothing is half imported, and both go on."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from promoter.bundle import writing
from promoter.errors import Refused
from tests.bundle.conftest import BUNDLE, Carrier, downloads
from tests.promotion.conftest import before_stage
from tests.support.faults import FaultyProxy
from tests.support.images import make_image
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

__all__ = ["before_stage"]

SMALL_DISK = 'mount -t tmpfs -o size=32k tmpfs "$1" && shift && exec "$@"'


@pytest.mark.parametrize("output", [f"disk/{BUNDLE}", "disk/release/"])
def test_a_full_disk_is_said_and_leaves_no_bundle(output: str, carrier: Carrier) -> None:
    disk = carrier.directory / "disk"
    disk.mkdir()
    carrier.shop.promoter.prefix = (
        *("unshare", "--user", "--map-root-user", "--mount"),
        *("sh", "-c", SMALL_DISK, "sh", str(disk)),
    )
    error = carrier.export(output=output).error
    assert (error["exit_code"], "No space left on device" in error["message"]) == (2, True)


def test_a_file_that_may_not_grow_is_taken_away(carrier: Carrier) -> None:
    carrier.shop.promoter.prefix = ("prlimit", "--fsize=20000")
    error = carrier.export().error
    assert (error["exit_code"], "File too large" in error["message"]) == (2, True)
    assert list(carrier.directory.glob(f"*{BUNDLE}*")) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_export_into_a_directory_goes_on(number: signal.Signals, shop: Shop, before_stage: FaultyProxy) -> None:
    image = make_image([1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000], seed=shop.name)
    shop.stage.push(image)
    shop.configure()
    command = ("export-bundle", shop.image(shop.stage), "--output", "release/")
    hold = before_stage.when("GET", f"/blobs/{image.blobs[-1].digest}").hold()
    directory = shop.promoter.directory / "release"

    def whole() -> set[str]:
        return {path.name for path in (directory / "blobs/sha256").iterdir() if not path.suffix}

    with shop.promoter.start(*command) as running:
        hold.wait_until_reached()
        wait_until(lambda: bool(whole()), "a blob to be whole")
        running.send(number)
        assert running.outcome().exit_code in {-signal.SIGKILL, 128 + signal.SIGTERM}
    hold.release()
    assert not (directory / "bundle.json").exists()
    there = whole()
    assert shop.run("import-bundle", "release", "prod").error["exit_code"] == 7

    with shop.stage.registry.recording() as seen:
        assert shop.run(*command).exit_code == 0
    assert not there & {digest.removeprefix("sha256:") for digest in downloads(seen)}
    assert shop.run("import-bundle", "release", "prod").exit_code == 0
    assert shop.prod.digest() == image.digest


def test_an_export_into_a_file_that_was_killed_leaves_nothing_in_the_way(shop: Shop, before_stage: FaultyProxy) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    shop.configure()
    command = ("export-bundle", shop.image(shop.stage), "--output", BUNDLE)
    hold = before_stage.when("GET", f"/blobs/{image.blobs[-1].digest}").hold()
    with shop.promoter.start(*command) as running:
        hold.wait_until_reached()
        error = shop.promoter.run(*command).error
        assert (error["exit_code"], "Another export" in error["message"]) == (3, True)
        running.send(signal.SIGKILL)
        running.outcome()
    hold.release()
    assert not (shop.promoter.directory / BUNDLE).exists()
    assert shop.run(*command).exit_code == 0
    assert [path.name for path in shop.promoter.directory.glob(f"*{BUNDLE}*")] == [BUNDLE]


def test_a_file_that_comes_meanwhile_is_not_overwritten(shop: Shop, before_stage: FaultyProxy) -> None:
    image, theirs = make_image(seed=shop.name), shop.promoter.directory / BUNDLE
    shop.stage.push(image)
    before_stage.when("GET", f"/blobs/{image.blobs[-1].digest}").call(lambda: theirs.write_text("mine"))
    error = shop.run("export-bundle", shop.image(shop.stage), "--output", BUNDLE).error
    assert (error["exit_code"], theirs.read_text()) == (3, "mine")
    assert [path.name for path in shop.promoter.directory.glob(f"*{BUNDLE}*")] == [BUNDLE]


def test_an_export_that_has_just_ended_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / BUNDLE
    with ExitStack() as first:
        file, _ = first.enter_context(writing.new_file(output))
        file.write(b"first")

        def lock_late(descriptor: int, path: Path) -> None:
            first.close()
            lock(descriptor, path)

        lock = writing.lock
        monkeypatch.setattr(writing, "lock", lock_late)
        with pytest.raises(Refused, match="Another export"), writing.new_file(output):
            pass
    assert output.read_bytes() == b"first"


def test_a_blob_that_breaks_off_is_got_again(shop: Shop, before_stage: FaultyProxy) -> None:
    image = make_image([50_000, 1_000], seed=shop.name)
    shop.stage.push(image)
    before_stage.when("GET", f"/blobs/{image.blobs[1].digest}", times=2).drop_answer(after_bytes=20_000)
    assert shop.run("export-bundle", shop.image(shop.stage), "--output", BUNDLE).exit_code == 0
    assert shop.run("import-bundle", BUNDLE, "prod").exit_code == 0
    assert shop.prod.digest() == image.digest


def test_a_blob_with_other_bytes_is_no_part_of_a_bundle(shop: Shop, before_stage: FaultyProxy) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    before_stage.when("GET", f"/blobs/{image.blobs[1].digest}").corrupt(at_byte=7)
    for output in (BUNDLE, "release/"):
        assert shop.run("export-bundle", shop.image(shop.stage), "--output", output).error["exit_code"] == 7
    assert not (shop.promoter.directory / BUNDLE).exists()
    assert not (shop.promoter.directory / "release/bundle.json").exists()


def test_an_import_verifies_no_longer_than_it_may(carrier: Carrier) -> None:
    carrier.exported()
    with carrier.far.recording() as seen:
        error = carrier.bring("--timeout", "0.001s").error
    assert (error["exit_code"], f"while verifying {BUNDLE}" in error["message"]) == (8, True)
    assert seen.requests == []


def test_an_import_that_was_killed_goes_on(carrier: Carrier, ca: CertificateAuthority) -> None:
    carrier.exported()
    with FaultyProxy(carrier.far, ca) as proxy:
        carrier.shop.environments["far"]["registry"] = proxy.host
        hold = proxy.when("PUT", f"/manifests/{carrier.images['base'].digest}").hold()
        with carrier.start("import-bundle", BUNDLE, "far") as running:
            hold.wait_until_reached()
            running.send(signal.SIGKILL)
            running.outcome()
        hold.release()
    assert set(carrier.digests().values()) == {None}
    carrier.shop.environments["far"]["registry"] = carrier.far.host
    there = {digest for digest in carrier.blobs if carrier.far.blob_file(digest).exists()}
    with carrier.far.recording() as seen:
        assert carrier.bring().exit_code == 0
    assert there
    assert not there & set(carrier.uploads(seen))
    assert carrier.digests() == carrier.wanted


def test_nothing_is_overwritten(shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    command = ("export-bundle", shop.image(shop.stage), "--output")
    file, directory = shop.promoter.directory / "notes.txt", shop.promoter.directory / "documents"
    file.write_text("mine")
    directory.mkdir()
    (directory / "notes.txt").write_text("mine")
    assert shop.run(*command, "notes.txt").error["exit_code"] == 3
    assert shop.run(*command, "documents").error["exit_code"] == 3
    assert (file.read_text(), (directory / "notes.txt").read_text()) == ("mine", "mine")
    assert [path.name for path in directory.iterdir()] == ["notes.txt"]


def test_a_directory_takes_no_second_bundle(shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    command = ("export-bundle", shop.image(shop.stage), "--output", "release/")
    assert shop.run(*command).exit_code == 0
    shop.stage.push(make_image(seed=f"{shop.name} again"))
    error = shop.run(*command).error
    assert (error["exit_code"], "another bundle" in error["message"]) == (3, True)
    assert shop.run("import-bundle", "release", "prod").exit_code == 0


def test_a_damaged_blob_in_a_directory_is_got_again(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    command = ("export-bundle", shop.image(shop.stage), "--output", "release/")
    assert shop.run(*command).exit_code == 0
    directory = shop.promoter.directory / "release"
    blob = directory / "blobs/sha256" / image.blobs[1].digest.removeprefix("sha256:")
    blob.write_bytes(b"x" * blob.stat().st_size)
    (directory / "index.json.partial").write_text("{")  # as one that was killed may leave it
    assert shop.run("import-bundle", "release", "prod").error["exit_code"] == 7
    assert shop.run(*command).result["blobs"]["fetched"] == 1
    assert shop.run("import-bundle", "release", "prod").exit_code == 0


def test_large_layers_take_no_memory(shop: Shop) -> None:
    shop.stage.push(make_image([100_000_000], seed="bundle with a large layer"))
    shop.promoter.prefix = ("prlimit", f"--data={80_000_000}", f"--stack={512 * 1024}")
    assert shop.run("export-bundle", shop.image(shop.stage), "--output", BUNDLE).exit_code == 0
    assert shop.run("import-bundle", BUNDLE, "prod").exit_code == 0
    assert (shop.promoter.directory / BUNDLE).stat().st_size > 100_000_000


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("--output", ""), 2),
        (("--output", "no/such/directory.tar"), 2),
        (("--output", BUNDLE, "--only-for", ""), 2),
        (("--output", BUNDLE, "--base", ""), 2),
        (("--output", BUNDLE, "--base", "missing.tar"), 2),
        (("--output", BUNDLE, "--base", "promotion.yaml"), 7),
    ],
)
def test_bad_exports_are_refused(arguments: tuple[str, ...], code: int, shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    assert shop.run("export-bundle", shop.image(shop.stage), *arguments).error["exit_code"] == code


def test_all_missing_images_are_named(shop: Shop) -> None:
    images = [f"stage/{shop.name}:1", f"stage/{shop.name}:2"]
    error = shop.run("export-bundle", *images, "--output", BUNDLE).error
    assert error["exit_code"] == 4
    assert all(f"{shop.name}:{tag}" in error["message"] for tag in (1, 2))


def test_an_image_without_a_tag_of_its_own_is_refused(shop: Shop) -> None:
    digest = shop.stage.push(make_image(seed=shop.name))
    signature = digest.replace(":", "-") + ".sig"
    shop.stage.push(make_image(seed=shop.name), signature)
    for image in (f"stage/{shop.name}@{digest}", f"stage/{shop.name}:{signature}"):
        assert shop.run("export-bundle", image, "--output", BUNDLE).error["exit_code"] == 2
