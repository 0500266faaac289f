"""The image stream's tag that a version is, too, in the cluster of its environment."""

from __future__ import annotations

from collections.abc import Callable

from promoter.errors import PromoterError, Refused
from promoter.model.manifest import Descriptor
from promoter.model.publishing import PublishResult
from promoter.promotion.addresses import Address
from promoter.promotion.places import Place, Places
from promoter.promotion.tags.settling import Facts, Settling, recorded

Settle = Callable[[PublishResult, Facts], PublishResult]


def prepare(destination: Place, standing: Descriptor | None, places: Places) -> Settle:
    """Look at the image stream's tag before anything is built.

    Args:
        destination: the version, in a registry.
        standing: what it is already.
        places: opens its cluster.

    Returns:
        what is to be called once the version is there, with the result and what is recorded; with no facts, those are
        looked up. It returns the result with the image stream's tag, or raises that this could not be set.

    Raises:
        WrongUsage: the environment is no project of its cluster.
        Refused: the tag is another image.
        NotPermitted, Unreachable: it does not let itself be looked at, or may not be set.

    """
    digest = standing.digest if standing else None
    settling = Settling(destination, places, digest)
    is_done = digest is not None and settling.is_done(digest)
    if not is_done:
        _require_free(settling.address, digest)
        settling.require(digest or "")

    def settle(result: PublishResult, facts: Facts) -> PublishResult:
        if result.digest and not is_done:
            try:
                settling.settle(result.digest, facts or (recorded(destination, standing) if standing else {}))
            except PromoterError as failure:
                failure.message = (
                    f"{destination.reference} is published, but the image stream's tag {settling.address} could not be "
                    f"set: {failure.message}"
                )
                raise
        return result.but(stream_tag=str(settling.address))

    return settle


def _require_free(address: Address, digest: str | None) -> None:
    _, tag = address.look()
    if tag.digest not in (None, digest):
        raise Refused(
            f"The image stream's tag {address} is taken: it is {tag.digest}.",
            "A version is published once: take another version.",
        )
