"""Bundles that are damaged, forged or something else are refused before the destination is asked for anything."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.conftest import BUNDLE
from tests.support.images import Image, make_image
from tests.support.promoter import Outcome
from tests.support.shop import Shop

Files = dict[str, bytes]


class Small:
    """A bundle of one image, which is about to be damaged."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.image: Image = make_image(seed=shop.name)
        shop.stage.push(self.image)
        assert shop.run("export-bundle", shop.image(shop.stage), "--output", BUNDLE).exit_code == 0
        self.path = shop.promoter.directory / BUNDLE

    def files(self) -> Files:
        """Return what is in it."""
        with tarfile.open(self.path) as tar:
            return {member.name: _content(tar, member) for member in tar}

    def write(self, files: Files) -> None:
        """Put other files into it."""
        with tarfile.open(self.path, "w", format=tarfile.USTAR_FORMAT) as tar:
            for name, content in files.items():
                add(tar, name, content)

    def refused(self, *flags: str) -> dict[str, Any]:
        """Import it, and return the error; production was asked for nothing."""
        with self.shop.prod.registry.recording() as seen:
            outcome: Outcome = self.shop.run("import-bundle", BUNDLE, "prod", *flags)
        assert seen.requests == []
        return outcome.error


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file
    return file.read()


def add(tar: tarfile.TarFile, name: str, content: bytes = b"", **how: Any) -> None:  # noqa: ANN401
    """Add a file of any kind."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in how.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(content))


@pytest.fixture
def small(shop: Shop) -> Small:
    """The bundle."""
    return Small(shop)


@pytest.mark.parametrize(
    "part", ["bundle.json", "SHA256SUMS", "oci-layout", "index.json", "manifest", "config", "layer"]
)
def test_any_changed_byte_is_found(part: str, small: Small) -> None:
    digests = {
        "manifest": small.image.digest,
        "config": small.image.blobs[0].digest,
        "layer": small.image.blobs[1].digest,
    }
    name = f"blobs/sha256/{digests[part].removeprefix('sha256:')}" if part in digests else part
    files = small.files()
    content = bytearray(files[name])
    content[-3] ^= 1
    small.write(files | {name: bytes(content)})
    assert small.refused()["exit_code"] == 7


def test_a_tag_that_was_changed_in_it_is_found(small: Small) -> None:
    files = small.files()
    small.write(files | {"bundle.json": files["bundle.json"].replace(b'"tag": "1.0"', b'"tag": "1.1"')})
    assert "SHA256SUMS does not fit" in small.refused()["message"]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9])
def test_a_truncated_bundle_is_found(share: float, small: Small) -> None:
    content = small.path.read_bytes()
    small.path.write_bytes(content[: int(len(content) * share)])
    assert small.refused()["exit_code"] == 7


def test_a_missing_file_is_named(small: Small) -> None:
    files = small.files()
    name = list(files)[-1]
    del files[name]
    small.write(files)
    assert f"it lacks {name}" in small.refused()["message"]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("../outside", {}),
        ("/etc/outside", {}),
        ("blobs/sha256/../../outside", {}),
        ("more.txt", {}),
        (f"blobs/sha256/{'a' * 64}", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
        (f"blobs/sha256/{'a' * 64}", {"type": tarfile.LNKTYPE, "linkname": "bundle.json"}),
        (f"blobs/sha256/{'a' * 64}", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5}),
        (f"blobs/sha256/{'a' * 64}", {"type": tarfile.FIFOTYPE}),
        (f"blobs/sha256/{'a' * 64}", {"type": tarfile.GNUTYPE_SPARSE}),
        ("blobs", {"type": tarfile.DIRTYPE}),
        ("bundle.json", {}),
        (f"blobs/sha256/{'a' * 64}", {}),
    ],
)
def test_nothing_else_may_be_in_it(name: str, how: dict[str, Any], small: Small) -> None:
    with tarfile.open(small.path, "a", format=tarfile.USTAR_FORMAT) as tar:
        add(tar, name, **how)
    assert small.refused()["exit_code"] == 7
    assert not (small.shop.promoter.directory.parent / "outside").exists()


def test_nothing_may_be_behind_its_end(small: Small) -> None:
    with small.path.open("ab") as file:
        file.write(bytes(10240))  # as tapes and other tools fill it up
    assert small.shop.run("import-bundle", BUNDLE, "prod", "--dry-run").exit_code == 0
    with small.path.open("ab") as file:
        file.write(b"more")
    assert "something behind its end" in small.refused()["message"]


def test_a_header_that_claims_a_gigantic_size_is_refused(small: Small) -> None:
    with small.path.open("r+b") as file:
        info = tarfile.TarInfo("bundle.json")
        info.size = 1 << 60
        file.write(info.tobuf(tarfile.GNU_FORMAT))
    assert "cut off" in small.refused()["message"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda contents: contents["images"][0].update(name="../up"), "cannot be named"),
        (lambda contents: contents["images"][0].update(tag="no tag"), "cannot be named"),
        (lambda contents: contents["images"][0].update(digest=f"sha256:{'b' * 64}"), "lacks sha256:bbbb"),
        (lambda contents: contents["images"].append(contents["images"][0]), "is in it twice"),
        (
            lambda contents: contents["images"][0].update(tagged={"1.0": f"sha256:{'b' * 64}"}),
            "'1.0' is no tag of what",
        ),
        (lambda contents: contents["blobs"].update({"sha256:../../up": 3}), "is no sha256 digest"),
        (lambda contents: contents["blobs"].update({f"sha256:{'b' * 64}": 3}), "it lacks blobs/sha256/bbbb"),
        (lambda contents: contents["manifests"].clear(), "lacks sha256:"),
        (lambda contents: contents.update(more=1), "more is not known"),
        (lambda contents: contents.pop("images"), "images is missing"),
        (lambda contents: contents["blobs"].update(dict.fromkeys(contents["blobs"], 5)), "bytes, not 5"),
    ],
)
def test_what_was_forged_with_fitting_checksums_is_refused(
    change: Callable[[dict[str, Any]], object], said: str, small: Small
) -> None:
    files = small.files()
    contents = json.loads(files["bundle.json"])
    change(contents)
    text = json.dumps(contents).encode()
    before, after = (hashlib.sha256(one).hexdigest().encode() for one in (files["bundle.json"], text))
    sums = files["SHA256SUMS"].replace(before, after)
    small.write(files | {"bundle.json": text, "SHA256SUMS": sums})
    error = small.refused()
    assert error["exit_code"] == 7
    assert said in error["message"]


def test_a_manifest_that_refers_to_what_is_not_there_is_refused(small: Small) -> None:
    files = small.files()
    layer = small.image.blobs[1].digest
    contents = json.loads(files["bundle.json"])
    del contents["blobs"][layer], files[f"blobs/sha256/{layer.removeprefix('sha256:')}"]
    small.write(files | {"bundle.json": json.dumps(contents).encode()})
    assert f"refers to {layer}" in small.refused()["message"]


def test_a_later_version_is_refused_by_its_number(small: Small) -> None:
    files = small.files()
    contents = json.loads(files["bundle.json"]) | {"version": 2, "new": True}
    small.write(files | {"bundle.json": json.dumps(contents).encode()})
    error = small.refused()
    assert (error["exit_code"], "version 2" in error["message"]) == (2, True)


@pytest.mark.parametrize("content", [b"no tar file, but long enough for one\n" * 40, b"", b"\0" * 2048])
def test_another_file_is_no_bundle(content: bytes, small: Small) -> None:
    small.path.write_bytes(content)
    assert small.refused()["exit_code"] == 7


def test_what_is_not_there_or_no_file_is_named(small: Small) -> None:
    assert "not said which bundle" in small.shop.run("import-bundle", "", "prod").error["message"]
    small.path.unlink()
    assert small.refused()["exit_code"] == 2
    small.path.symlink_to("/dev/zero")
    error = small.refused()
    assert (error["exit_code"], "no plain file" in error["message"]) == (2, True)


def test_a_link_in_a_directory_is_refused(small: Small) -> None:
    shop, outside = small.shop, small.path.with_name("outside")
    assert shop.run("export-bundle", shop.image(shop.stage), "--output", "release/").exit_code == 0
    blob = next((small.path.parent / "release/blobs/sha256").iterdir())
    blob.rename(outside)
    blob.symlink_to(outside)
    error = shop.run("import-bundle", "release", "prod").error
    assert (error["exit_code"], "no plain file" in error["message"]) == (7, True)


def test_another_bundle_than_was_named_is_refused(small: Small) -> None:
    assert small.refused(f"--bundle-digest=sha256:{'c' * 64}")["exit_code"] == 3
    assert small.refused("--bundle-digest=latest")["exit_code"] == 2


@pytest.mark.parametrize("named", ["far", "registry.example.com"])
def test_a_bundle_for_another_destination_is_refused(named: str, small: Small, tmp_path: Path) -> None:
    shop = small.shop
    small.path.unlink()
    assert shop.run("export-bundle", shop.image(shop.stage), "--output", BUNDLE, f"--only-for={named}").exit_code == 0
    error = small.refused()
    assert (error["exit_code"], f"was made for {named} alone" in error["message"]) == (3, True)


@pytest.mark.parametrize("named", ["prod", "host"])
def test_a_bundle_for_this_destination_is_taken(named: str, small: Small) -> None:
    shop = small.shop
    small.path.unlink()
    only_for = shop.prod.registry.host if named == "host" else named
    assert shop.run("export-bundle", shop.image(shop.stage), "--output", BUNDLE, "--only-for", only_for).exit_code == 0
    assert shop.run("import-bundle", BUNDLE, "prod").exit_code == 0
    assert shop.prod.digest() == small.image.digest


@pytest.mark.parametrize("destination", ["nowhere", "prod/web:1.0", "registry.example.com/UPPER", "https://far", ""])
def test_what_is_no_destination_is_refused(destination: str, small: Small) -> None:
    assert small.shop.run("import-bundle", BUNDLE, destination).error["exit_code"] == 2


def test_a_taken_tag_is_refused_unless_forced(small: Small) -> None:
    shop = small.shop
    theirs = shop.prod.push(make_image(seed=f"{shop.name} theirs"))
    error = shop.run("import-bundle", BUNDLE, "prod").error
    assert (error["exit_code"], shop.prod.digest()) == (3, theirs)
    [tag] = shop.run("import-bundle", BUNDLE, "prod", "--force").result["tags"]
    assert (tag["previous_digest"], shop.prod.digest()) == (theirs, small.image.digest)
