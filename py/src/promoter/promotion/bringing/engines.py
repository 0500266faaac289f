"""The engines: what brings blobs that cannot be mounted, and the manifests after them.

Both bring an image by digest, byte for byte, and touch no tag. skopeo knows more kinds of registries and goes its own
way through them; `stream` needs no other program, and asks for nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from promoter.errors import NotPermitted
from promoter.model.manifest import Descriptor
from promoter.parallel import each
from promoter.promotion.bringing.image import Image
from promoter.promotion.bringing.putting import put_manifests
from promoter.promotion.places import Place, Places

Engine = Callable[[Place, Place, Image, tuple[Descriptor, ...], Places], None]
"""Takes where from, where to, the image, the blobs that are missing there, and what else is needed."""


def by_skopeo(source: Place, destination: Place, image: Image, missing: tuple[Descriptor, ...], places: Places) -> None:
    """Run skopeo; and once more as long as it is refused but gets further.

    skopeo asks for no new token within a minute, even if the registry's tokens live for less: then it is refused in the
    middle of a copy. What it has brought by then is not brought again.

    Raises:
        NotPermitted, NotFound, Unreachable, TimedOut: it could not bring everything.

    """
    from promoter import skopeo  # noqa: PLC0415 - brings in what runs processes, and often everything can be mounted

    digest, left = image.top.digest, len(missing)
    while True:
        try:
            skopeo.copy(
                source.end(digest),
                destination.end(digest),
                places.deadline,
                places.patience,
                say=places.say,
                say_more=places.say_more,
            )
        except NotPermitted:
            before, left = left, _count_absent(destination, image)
            if left >= before:
                destination.repository.require_push()  # which tells more than skopeo does
                raise
            places.say(f"refused in the middle of the copy; {left} blobs to go, with new tokens")
        else:
            return


def _count_absent(place: Place, image: Image) -> int:
    return each(place.repository.has_blob, (blob.digest for blob in image.blobs)).count(False)


def by_stream(
    source: Place, destination: Place, image: Image, missing: tuple[Descriptor, ...], _places: Places
) -> None:
    """Pass each blob on, piece by piece, as it comes from the source; then put the manifests.

    Raises:
        NotPermitted, NotFound, Unreachable, TimedOut, VerificationFailed: not everything could be brought.

    """
    each(lambda blob: destination.repository.upload(blob, partial(source.repository.blob, blob)), missing)
    put_manifests(destination.repository, image.manifests)


ENGINES: dict[str, Engine] = {"skopeo": by_skopeo, "stream": by_stream}
