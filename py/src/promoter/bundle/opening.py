"""Opening a bundle: what it says of itself, and where its blobs are. Nothing that it says is believed yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic_core import ValidationError

from promoter.bundle.layout import CONTENTS, VERSION, blob_name
from promoter.bundle.parts import DAMAGED, Part, find_parts, unreadable
from promoter.errors import VerificationFailed, WrongUsage
from promoter.model.bundle import BundleContents
from promoter.model.checking import checked
from promoter.model.manifest import Manifest, digest_of, read_manifest
from promoter.model.wording import of_misfit

_LARGEST_CONTENTS = 64 * 1024 * 1024
_LARGEST_MANIFEST = 4 * 1024 * 1024


class Bundle(NamedTuple):
    """A bundle.

    Args:
        path: the file or directory.
        digest: that of `bundle.json`, which stands for all of it.
        text: `bundle.json`.
        contents: what that says.
        parts: its files, by their names.
        borrowed: blobs of other bundles that it leaves out, by their digests.

    """

    path: Path
    digest: str
    text: bytes
    contents: BundleContents
    parts: Mapping[str, Part]
    borrowed: Mapping[str, Part]

    def blob(self, digest: str) -> Part | None:
        """Return where a blob is; nothing if it was left out."""
        return self.parts.get(blob_name(digest)) or self.borrowed.get(digest)

    def manifest(self, digest: str) -> Manifest:
        """Read a manifest.

        Raises:
            VerificationFailed: it is not in the bundle, is damaged, or is none.

        """
        name = f"{self.path}: {blob_name(digest)}"
        part, media_type = self.blob(digest), self.contents.manifests.get(digest)
        if part is None or media_type is None:
            raise VerificationFailed(f"{name} is not in it as a manifest.", DAMAGED)
        try:
            return read_manifest(_whole(part, _LARGEST_MANIFEST, name, digest), media_type)
        except (ValueError, RecursionError) as error:
            raise VerificationFailed(f"{name} is no manifest: {error}.", DAMAGED) from error


def open_bundle(path: Path, others: Iterable[Bundle] = ()) -> Bundle:
    """Open a bundle.

    Args:
        path: the file or directory.
        others: bundles to take the blobs from that this one leaves out.

    Raises:
        VerificationFailed: it is damaged, or something else.
        WrongUsage: it cannot be read, or is of another version; or one of the others has nothing to do with it.

    """
    parts = find_parts(path)
    if CONTENTS not in parts:
        raise VerificationFailed(f"{path} has no {CONTENTS}: it is no bundle, or only the beginning of one.", DAMAGED)
    text = _whole(parts[CONTENTS], _LARGEST_CONTENTS, f"{path}: {CONTENTS}")
    contents = read_contents(text, path)
    return Bundle(path, digest_of(text), text, contents, parts, _borrowed(path, contents, list(others)))


def open_base(path: Path) -> tuple[str, BundleContents]:
    """Return the digest of the bundle that a new one continues, and what it has: its `bundle.json` alone will do.

    Raises:
        VerificationFailed, WrongUsage: see `open_bundle`.

    """
    if path.suffix == ".json":
        try:
            text = path.read_bytes()
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from error
        return digest_of(text), read_contents(text, path)
    bundle = open_bundle(path)
    return bundle.digest, bundle.contents


def read_contents(text: bytes, path: Path) -> BundleContents:
    """Read `bundle.json`, of this version and no other.

    Raises:
        VerificationFailed: it does not have what it has to.
        WrongUsage: it is of another version.

    """
    try:
        stated = json.loads(text)
        version = stated.get("version") if isinstance(stated, dict) else None
        if version == VERSION:
            return checked(BundleContents, text.decode())
    except ValidationError as error:
        problems = "; ".join(map(of_misfit, error.errors(include_url=False)))
        raise VerificationFailed(f"{path}: {CONTENTS} does not fit: {problems}.", DAMAGED) from None
    except (ValueError, RecursionError) as error:
        raise VerificationFailed(f"{path}: {CONTENTS} is no JSON.", DAMAGED) from error
    raise WrongUsage(
        f"{path} is a bundle of version {version}, where {VERSION} is expected.",
        "Import it with the version of promoter that exported it.",
    )


def _whole(part: Part, limit: int, name: str, digest: str = "") -> bytes:
    """Read a small file; its bytes are checked if there is a digest."""
    if part.size > limit:
        raise VerificationFailed(f"{name} has {part.size} bytes, where at most {limit} are expected.", DAMAGED)
    return b"".join(part.checked_chunks(digest, name) if digest else part.chunks())


def _borrowed(path: Path, contents: BundleContents, others: list[Bundle]) -> dict[str, Part]:
    """Return the blobs that other bundles have in place of this one."""
    bases = {one.base.digest for one in (contents, *(other.contents for other in others)) if one.base}
    if strangers := [str(other.path) for other in others if other.digest not in bases]:
        continues = f"it continues {contents.base.digest}" if contents.base else "it continues none"
        raise WrongUsage(
            f"{path} leaves nothing to {', '.join(strangers)}: {continues}.",
            "Name with --base the bundle that it continues, and the one that that one does.",
        )
    return {digest: part for other in others for digest in contents.left_out if (part := other.blob(digest))}
