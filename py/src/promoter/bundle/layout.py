"""The files of a bundle: an OCI image layout (image spec 1.1, "OCI Image Layout") and what says what is in it.

`bundle.json` names everything by digest, so its own digest stands for the whole bundle. All files but the blobs follow
from it, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from promoter.model.bundle import BundleContents
from promoter.model.manifest import Descriptor, Manifest, digest_of

CONTENTS = "bundle.json"
CHECKSUMS = "SHA256SUMS"
INDEX = "index.json"
LAYOUT = "oci-layout"
SMALL = (CONTENTS, CHECKSUMS, LAYOUT, INDEX)
BLOBS = "blobs/sha256"
VERSION = 1

_SHA256 = "sha256:"
_REF_NAME = "org.opencontainers.image.ref.name"
_LAYOUT_TEXT = b'{"imageLayoutVersion": "1.0.0"}\n'


def blob_name(digest: str) -> str:
    """Return the name of a blob's file."""
    return f"{BLOBS}/{digest.removeprefix(_SHA256)}"


def small_files(contents: BundleContents, manifests: Mapping[str, Manifest]) -> dict[str, bytes]:
    """Return all files but the blobs, in their order; the first one is `bundle.json`."""
    return files_around(_json(_spelled(contents)), contents, manifests)


def files_around(text: bytes, contents: BundleContents, manifests: Mapping[str, Manifest]) -> dict[str, bytes]:
    """Return all files but the blobs of a bundle whose `bundle.json` is this text."""
    files = {CONTENTS: text, LAYOUT: _LAYOUT_TEXT, INDEX: _index(contents, manifests)}
    files[CHECKSUMS] = _checksums(contents, files)
    return {name: files[name] for name in SMALL}


def _checksums(contents: BundleContents, files: Mapping[str, bytes]) -> bytes:
    """Write the checksums of all files but this one, as `sha256sum --check` reads them."""
    digests = {name: digest_of(content) for name, content in files.items()}
    digests |= {blob_name(digest): digest for digest in contents.held}
    return "".join(f"{digest.removeprefix(_SHA256)}  {name}\n" for name, digest in digests.items()).encode()


def _index(contents: BundleContents, manifests: Mapping[str, Manifest]) -> bytes:
    """Write the layout's index: images by `name:tag`, cosign's tags, and the referrers, which name their subject."""
    entries = []
    for image in contents.images:
        entries.append(_entry(manifests[image.digest].descriptor, str(image)))
        entries += [
            _entry(manifests[digest].descriptor, f"{image.name}:{tag}") for tag, digest in sorted(image.tagged.items())
        ]
    referrers = dict.fromkeys(digest for image in contents.images for digest in image.referrers)
    entries += [manifests[digest].descriptor.to_json() for digest in referrers]
    return _json({"schemaVersion": 2, "manifests": entries})


def _entry(descriptor: Descriptor, name: str) -> dict[str, Any]:
    return descriptor.to_json() | {"annotations": {_REF_NAME: name}}


def _spelled(contents: BundleContents) -> dict[str, Any]:
    """Return what `bundle.json` has, spelled as it is read; what is nothing is left out."""
    return {
        "version": contents.version,
        **({"created": contents.created} if contents.created else {}),
        **({"only-for": contents.only_for} if contents.only_for else {}),
        **({"base": contents.base.to_dict()} if contents.base else {}),
        "images": [_image(image.to_dict()) for image in contents.images],
        "manifests": contents.manifests,
        "blobs": contents.blobs,
    }


def _image(values: dict[str, Any]) -> dict[str, Any]:
    stream = values.pop("stream")
    spelled = {name: value for name, value in values.items() if value}
    if stream:
        spelled["stream"] = {name.replace("_", "-"): value for name, value in stream.items()}
    return spelled


def _json(document: dict[str, Any]) -> bytes:
    return f"{json.dumps(document, indent=1, sort_keys=True)}\n".encode()
