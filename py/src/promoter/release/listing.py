"""What a release consists of, as people write it down: sources, and the destinations of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from promoter.errors import WrongUsage
from promoter.files import read_bounded
from promoter.model.line import shortened
from promoter.model.reference import without_user

_LARGEST_BYTES = 16 * 1024 * 1024
"""How large a file may be: 100,000 lines are about as much."""
_LONGEST = 1024
"""How many characters an image may have; a reference has no more than 600."""


class Pair(NamedTuple):
    """One image's way, as it was written.

    Args:
        source: the image.
        destination: where it goes.
        where: where that is written, for messages.

    """

    source: str
    destination: str
    where: str


def read_pairs(images: Iterable[str]) -> list[Pair]:
    """Read what a release's images are.

    Args:
        images: each `SOURCE=DESTINATION`, or a file: YAML or JSON by its name's ending, else lines of
            `SOURCE DESTINATION [DESTINATION…]` or `SOURCE=DESTINATION` with comments after `#`, as `oc image mirror -f`
            reads them.

    Raises:
        WrongUsage: a file cannot be read, a line is neither, an image is no name any more, or there is nothing at all.

    """
    given = list(images)
    pairs = [pair for image in given for pair in _pairs(image)]
    if not pairs:
        raise WrongUsage(
            f"There are no images in {', '.join(map(without_user, given)) or 'the release'}.",
            "Name files with lines of `SOURCE DESTINATION`, or SOURCE=DESTINATION itself.",
        )
    for pair in pairs:
        _require_bounded(pair)
    return pairs


def _pairs(image: str) -> Iterator[Pair]:
    return _mapping(image.split(), _shown(image)) if "=" in image else _of_file(image)


def _require_bounded(pair: Pair) -> None:
    """See that neither end is longer than messages, which show it, should be."""
    if max(len(pair.source), len(pair.destination)) > _LONGEST:
        raise WrongUsage(
            f"{pair.where}: an image has more than {_LONGEST} characters.", "Write references, with spaces between."
        )


def _shown(mapping: str) -> str:
    return "=".join(map(without_user, mapping.split("=")))


def is_structured(name: str) -> bool:
    """Tell whether a file with images is YAML or JSON; otherwise it has lines."""
    return name.endswith((".yaml", ".yml", ".json"))


def words_of(name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield where each line of a file is, and its words without comments; lines without any are passed over.

    Raises:
        WrongUsage: it cannot be read.

    """
    for number, line in enumerate(_text(name).split("\n"), 1):  # as editors see lines: nothing else ends a comment
        if words := line.partition("#")[0].split():
            yield f"{name}, line {number}", words


def _of_file(name: str) -> Iterator[Pair]:
    if not is_structured(name):
        for where, words in words_of(name):
            yield from _mapping(words, where)
        return
    from promoter.model.reading import read_release  # noqa: PLC0415 - brings in pydantic and PyYAML

    for number, line in enumerate(read_release(_text(name), name).images, 1):
        for destination in line.all_destinations:
            yield Pair(line.source, destination, f"{name}, image {number}")


def _text(name: str) -> str:
    try:
        content = read_bounded(name, _LARGEST_BYTES)
    except (OSError, ValueError) as error:
        raise _unreadable(name, getattr(error, "strerror", None) or str(error)) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeError as error:
        raise _unreadable(name, "it is no UTF-8 text") from error


def _unreadable(name: str, why: str) -> WrongUsage:
    return WrongUsage(
        f"{shortened(without_user(name))} cannot be read: {why}.",
        "Name a file with the images, or write SOURCE=DESTINATION for each.",
    )


def _mapping(words: list[str], where: str) -> Iterator[Pair]:
    """Read a line: one source and its destinations, or any number of SOURCE=DESTINATION."""
    equations = [word.partition("=") for word in words if "=" in word]
    if equations and len(equations) == len(words) and all(source and target for source, _, target in equations):
        yield from (Pair(source, target, where) for source, _, target in equations)
    elif len(words) > 1 and not equations:
        yield from (Pair(words[0], target, where) for target in words[1:])
    else:
        raise WrongUsage(
            f"{where}: this is neither `SOURCE DESTINATION` nor SOURCE=DESTINATION.",
            "Write one source and where it goes to, with spaces or = between them.",
        )
