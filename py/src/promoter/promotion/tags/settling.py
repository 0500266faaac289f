"""The image stream's tag that a destination's tag is in its cluster: the same digest, and a note of what let it in.

In the cluster's own registry the flip sets both at once. From any other registry the cluster imports the image, by its
digest; so what the cluster runs is what was promoted, whatever becomes of the registry's tag.
"""

from __future__ import annotations

from collections.abc import Mapping

from promoter.errors import PassingFailure, TimedOut, Unreachable, VerificationFailed
from promoter.http.deadline import Deadline
from promoter.model.manifest import Descriptor
from promoter.openshift.access import require_right
from promoter.openshift.api import Conflict
from promoter.openshift.image_imports import ImportPolicy
from promoter.openshift.image_streams import ImageStream, StreamTag
from promoter.openshift.rights import Right
from promoter.openshift.waiting import Waiting
from promoter.promotion.addresses import Addresses
from promoter.promotion.history import entries_of
from promoter.promotion.places import Named, Place, Places
from promoter.promotion.records.annotations import noted, tag_annotations

_SECONDS = 30.0
"""How long a cluster that is away, or somebody else who changes the image stream, is waited for."""

Facts = Mapping[str, str | None]


class Settling:
    """Lets the image stream's tag be what the registry's tag is.

    What stands there is replaced if nobody else set it: if it is what the registry's tag was, or was promoted.

    Args:
        place: the tag.
        places: opens its cluster.
        replaced: what the registry's tag was before.
        force: replace whatever stands there.

    """

    def __init__(self, place: Place, places: Places, replaced: str | None, *, force: bool = False) -> None:
        self.address = Addresses(places).at(Named(place.reference, place.environment), place.tag)
        self._place = place
        self._places = places
        self._replaced = replaced
        self._force = force

    def is_done(self, digest: str) -> bool:
        """Tell whether the tag is the digest, stays it, and says so.

        Raises:
            NotPermitted, Unreachable: it cannot be looked at.

        """
        return _is_done(self.address.look()[1], digest)

    def require(self, digest: str) -> None:
        """Insist that the tag may be set, before anything is changed.

        Raises:
            Refused: somebody else set it to another digest.
            NotPermitted, Unreachable: the right is missing, or it cannot be looked at.

        """
        self._require_own(self.address.look()[1], digest)
        streams = self.address.streams
        right = Right("update", "imagestreamtags", streams.project)
        require_right(streams.api, right, f"the image stream's tag {self.address} cannot be set")

    def settle(self, digest: str, facts: Facts) -> None:
        """Let the tag be the digest, and note the facts on it. While the cluster is away, it is waited for.

        Raises:
            Refused: somebody else set it meanwhile.
            NotFound, NotPermitted, Unreachable, VerificationFailed: it cannot be set.

        """
        self._places.deadline.allow(_SECONDS)
        waiting = Waiting(Deadline(_SECONDS), f"setting {self.address}")
        while True:
            try:
                self._settle(digest, facts)
            except Unreachable as failure:
                latest = failure
            else:
                return
            try:
                waiting.pause()
            except TimedOut as over:
                raise latest from over

    def settle_again(self, standing: Descriptor) -> None:
        """See to it that the tag is what the registry's tag is already.

        Raises:
            PromoterError: see `settle`.

        """
        if not self.is_done(standing.digest):
            self.settle(standing.digest, recorded(self._place, standing))

    def _settle(self, digest: str, facts: Facts) -> None:
        stream, standing = self.address.look()
        if standing.digest != digest:
            self._bring(stream, standing, digest)
            stream, standing = self.address.look()
        if stream is None or standing.digest != digest:
            raise Conflict(
                f"{self.address} is {standing.digest or 'free'}, not {digest}.",
                "Somebody else sets this tag. Decide whose it is, then run this again.",
            )
        if not _is_done(standing, digest):
            name = f"{self.address.name}:{self.address.tag}"
            annotations = tag_annotations(standing, {**facts, "digest": digest})
            self.address.streams.annotate(stream, name, standing, annotations)

    def _bring(self, stream: ImageStream | None, standing: StreamTag, digest: str) -> None:
        """Have the cluster import the image, if it can have it; in its own registry it has only not been seen yet."""
        reference = self._place.reference
        if stream and reference.registry in stream.registries:
            raise PassingFailure(
                f"{self.address} is {standing.digest or 'free'} although the registry's tag is {digest}.",
                "Look at the image stream (`oc describe imagestream`), and at the cluster's registry.",
            )
        self._require_own(standing, digest)
        image, imports = str(reference.at(digest)), self.address.imports
        self.address.require_rest(standing, image)
        policy = ImportPolicy(insecure=not self._place.trust.verify, through_cluster=standing.is_pulled_through)
        found = imports.look_up(self.address.name, image, policy)
        if found.digest != digest:
            raise VerificationFailed(
                f"The cluster would import {found.digest} for {image}.",
                "It takes one platform of a list only, as OpenShift before 4.12 does; promote that platform's digest.",
            )
        version = stream.version if stream else None
        imports.run(self.address.name, self.address.tag, image, policy, version=version)

    def _require_own(self, standing: StreamTag, digest: str) -> None:
        is_own = standing.digest == self._replaced or "record" in noted(standing)
        if not is_own and not self._force:
            self.address.require_free(standing, digest)


def _is_done(standing: StreamTag, digest: str) -> bool:
    return standing.digest == digest and standing.stays and bool(noted(standing))


def recorded(place: Place, standing: Descriptor) -> Facts:
    """Return what the record says that let in what a tag is; nothing if there is none."""
    return next((entry.to_dict() for entry in entries_of(place, standing) if entry.current), {})
