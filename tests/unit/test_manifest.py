"""Manifests and indexes, as registries give them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promoter.model.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    digest_of,
    platform_name,
    read_manifest,
)

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
FOREIGN_TYPE = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def entry(letter: str, media_type: str = LAYER_TYPE, **more: object) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(letter), "size": 7, **more}


def image(**changes: object) -> dict[str, Any]:
    fields = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": entry("c", CONFIG_TYPE),
        "layers": [entry("1"), entry("2")],
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def index(**changes: object) -> dict[str, Any]:
    amd64 = {"os": "linux", "architecture": "amd64"}
    children = [entry("a", OCI_MANIFEST, platform=amd64), entry("b", OCI_MANIFEST)]
    fields = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children, **changes}
    return {name: value for name, value in fields.items() if value is not None}


def written(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST])
@pytest.mark.parametrize("stated", [True, False], ids=["type stated", "type in the header alone"])
def test_an_image_has_its_config_and_its_layers(media_type: str, stated: bool) -> None:
    manifest = read_manifest(written(image(mediaType=media_type if stated else None)), media_type)
    assert manifest.media_type == media_type
    assert [blob.digest for blob in manifest.blobs] == [digest("c"), digest("1"), digest("2")]
    assert manifest.children == ()
    assert not manifest.is_index


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
@pytest.mark.parametrize("stated", [True, False], ids=["type stated", "type in the header alone"])
def test_an_index_has_manifests(media_type: str, stated: bool) -> None:
    manifest = read_manifest(written(index(mediaType=media_type if stated else None)), media_type)
    assert manifest.media_type == media_type
    assert manifest.is_index
    assert manifest.blobs == ()
    assert [(child.digest, child.platform) for child in manifest.children] == [
        (digest("a"), "linux/amd64"),
        (digest("b"), None),
    ]


def test_an_index_may_be_empty() -> None:
    assert read_manifest(written(index(manifests=[])), OCI_INDEX).children == ()


def test_the_type_that_is_stated_counts_more_than_the_header() -> None:
    assert read_manifest(written(index()), OCI_MANIFEST).media_type == OCI_INDEX


def test_the_bytes_are_kept_and_give_the_digest() -> None:
    content = json.dumps(image(), indent=7).encode() + b"\n"
    manifest = read_manifest(content, OCI_MANIFEST)
    assert manifest.content == content
    assert manifest.digest == digest_of(content)
    assert manifest.descriptor == Descriptor(OCI_MANIFEST, digest_of(content), len(content))


def test_the_digest_of_bytes() -> None:
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_foreign_layers_are_not_in_the_registry() -> None:
    foreign = entry("f", FOREIGN_TYPE, urls=["https://example.com/layer"])
    manifest = read_manifest(written(image(layers=[foreign, entry("1", urls=[])])), OCI_MANIFEST)
    assert [blob.digest for blob in manifest.blobs] == [digest("c"), digest("1")]


def test_an_artifact_tells_its_type_and_its_subject() -> None:
    subject = entry("5", OCI_MANIFEST)
    fields = image(artifactType="application/vnd.in-toto+json", subject=subject)
    manifest = read_manifest(written(fields), OCI_MANIFEST)
    assert manifest.fields["subject"] == subject
    assert manifest.descriptor.to_json() == {
        "mediaType": OCI_MANIFEST,
        "digest": manifest.digest,
        "size": len(manifest.content),
        "artifactType": "application/vnd.in-toto+json",
    }


def test_a_descriptor_without_an_artifact_type_does_not_name_one() -> None:
    assert "artifactType" not in Descriptor(OCI_MANIFEST, digest("a"), 1).to_json()


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ({"os": "linux", "architecture": "amd64"}, "linux/amd64"),
        ({"os": "linux", "architecture": "arm", "variant": "v7"}, "linux/arm/v7"),
        ({"os": "windows", "architecture": "amd64", "os.version": "10.0"}, "windows/amd64"),
        ({}, "unknown/unknown"),
    ],
)
def test_a_platform_in_words(platform: dict[str, str], name: str) -> None:
    assert platform_name(platform) == name


UNREADABLE = {
    "empty": b"",
    "not JSON": b"<html>Service unavailable</html>",
    "cut short": written(image())[:-5],
    "not text": b"\xff\xfe\xfd",
    "a list": b"[]",
    "a text": b'"manifest"',
    "null": b"null",
    "type is null": written({**image(), "mediaType": None}),
    "type is a list": written(image(mediaType=[OCI_MANIFEST])),
    "unknown type": written(image(mediaType="application/vnd.example+json")),
    "schema 1 as stated": written(image(mediaType=SCHEMA_1)),
    "no config": written(image(config=None)),
    "no layers": written(image(layers=None)),
    "config is a text": written(image(config="config")),
    "config is a list": written(image(config=[])),
    "layers is a number": written(image(layers=5)),
    "layer is a text": written(image(layers=["layer"])),
    "layer without digest": written(image(layers=[{"mediaType": LAYER_TYPE, "size": 1}])),
    "layer without size": written(image(layers=[{"mediaType": LAYER_TYPE, "digest": digest("1")}])),
    "digest leads elsewhere": written(image(layers=[{**entry("1"), "digest": "sha256:../../../v2/other"}])),
    "digest with a newline": written(image(layers=[{**entry("1"), "digest": digest("1") + "\n"}])),
    "digest is a number": written(image(layers=[{**entry("1"), "digest": 1}])),
    "size is a text": written(image(layers=[{**entry("1"), "size": "7"}])),
    "size is negative": written(image(layers=[{**entry("1"), "size": -7}])),
    "size is a truth": written(image(layers=[{**entry("1"), "size": True}])),
    "index without manifests": written(index(manifests=None)),
    "manifests is null": written({**index(), "manifests": None}),
    "manifest is null": written(index(manifests=[None])),
    "platform is a text": written(index(manifests=[entry("a", platform="linux")])),
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_manifest_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_manifest(content, OCI_MANIFEST)


@pytest.mark.parametrize("media_type", [SCHEMA_1, "text/html", "application/json"])
def test_an_unknown_type_in_the_header_is_named(media_type: str) -> None:
    with pytest.raises(ValueError, match=media_type.replace("+", r"\+")):
        read_manifest(written(image(mediaType=None)), media_type)
