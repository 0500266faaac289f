"""Choosing a release's images by patterns, or by the labels of image streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from promoter.errors import NotFound, WrongUsage
from promoter.model.line import quoted
from promoter.model.reference import split_host, without_user
from promoter.model.request import ReleaseRequest
from promoter.parallel import each
from promoter.promotion.addresses import Addresses
from promoter.promotion.places import Places, is_reserved
from promoter.release.listing import Pair

_WILD = frozenset("*?")
_ANY = "any"
"""Stands for a tag where a repository is opened to list its tags."""


def choose(pairs: Iterable[Pair], request: ReleaseRequest, places: Places) -> list[Pair]:
    """Return the pairs with each pattern in place of what it matches, in the order of names and tags.

    `*` and `?` may stand in a tag, and in the name of an image of an environment that names its cluster. With a
    selector, sources are environments alone, and stand for all tags of the image streams that have these labels.

    Raises:
        WrongUsage: a pattern stands where it cannot, or a destination names what the pattern leaves open.
        NotFound: nothing matches.
        NotPermitted, Unreachable: what is there cannot be listed.

    """
    chosen = []
    for pair in pairs:
        if request.selector is not None:
            chosen += _by_labels(pair, request.selector, places)
        elif _WILD & set(pair.source):
            chosen += _by_pattern(pair, request, places)
        else:
            chosen.append(pair)
    return chosen


def _by_labels(pair: Pair, selector: str, places: Places) -> list[Pair]:
    if "/" in pair.source or "/" in pair.destination:
        raise WrongUsage(
            f"{pair.where}: an image is named, but --selector chooses them.", "Write environments alone with it."
        )
    if not selector.strip():
        raise WrongUsage("The selector is empty, which would choose everything.", "Name labels: --selector name=app.")
    streams = Addresses(places).streams(pair.source)
    sources = [
        f"{pair.source}/{stream.name}:{tag}"
        for stream in streams.matching(selector)
        for tag in stream.tags
        if stream.tag(tag).digest and not is_reserved(tag)
    ]
    return _chosen(pair, sources, f"image stream of project {streams} with the labels {selector}")


def _by_pattern(pair: Pair, request: ReleaseRequest, places: Places) -> list[Pair]:
    name, colon, tag = pair.source.rpartition(":")
    if not colon or "/" in tag or "@" in tag:
        raise WrongUsage(
            f"{pair.where}: {quoted(without_user(pair.source))} has a pattern, but no tag.",
            "Write …/name:tag; * stands for any.",
        )
    _require_open(pair)
    names = list(_names(name, pair, places))

    def tags_of(named: str) -> list[str]:
        return sorted(places.source(request, f"{named}:{_ANY}").repository.tags())

    sources = [
        f"{named}:{found}"
        for named, tags in zip(names, each(tags_of, names), strict=True)
        for found in tags
        if fnmatchcase(found, tag) and not is_reserved(found)
    ]
    return _chosen(pair, sources, f"tag that {without_user(pair.source)} stands for")


def _require_open(pair: Pair) -> None:
    """See that the destination takes whatever the pattern matches."""
    host, rest = split_host(pair.destination)
    path = rest if host else pair.destination
    if ":" in path or "@" in path or _WILD & set(path):
        raise WrongUsage(
            f"{pair.where}: the source has a pattern, but {without_user(pair.destination)} names one tag.",
            "Leave the tag out: each image keeps its own.",
        )


def _names(name: str, pair: Pair, places: Places) -> Iterator[str]:
    """Yield the names of repositories, as sources are written, that a name stands for."""
    if not _WILD & set(name):
        yield name
        return
    environment, _, pattern = name.partition("/")
    if environment not in places.configuration.environments or "/" in pair.destination:
        raise WrongUsage(
            f"{pair.where}: images are chosen by a pattern of their names from one environment to another alone.",
            "Write environment/pattern:tag and an environment; or name each image.",
        )
    if not places.has_cluster(environment):
        raise WrongUsage(
            f"{pair.where}: the images of {environment} cannot be listed, since it names no cluster.",
            "Give it its `cluster`; or name each image: * and ? may stand in tags.",
        )
    for stream in Addresses(places).streams(environment).matching(""):
        if fnmatchcase(stream.name, pattern):
            yield f"{environment}/{stream.name}"


def _chosen(pair: Pair, sources: list[str], what: str) -> list[Pair]:
    if not sources:
        raise NotFound(
            f"{pair.where}: there is no {what}.", "Look at what is there; correct the pattern or the labels."
        )
    return [pair._replace(source=source) for source in sources]
