"""What a release consists of, as people write it down: sources, and the destinations of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from promoter.errors import WrongUsage
from promoter.model.reference import without_user

_STRUCTURED = (".yaml", ".yml", ".json")


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
        WrongUsage: a file cannot be read, a line is neither, or there is nothing at all.

    """
    given = list(images)
    pairs = [pair for image in given for pair in (_mapping(image, _shown(image)) if "=" in image else _of_file(image))]
    if not pairs:
        raise WrongUsage(
            f"There are no images in {', '.join(map(without_user, given)) or 'the release'}.",
            "Name files with lines of `SOURCE DESTINATION`, or SOURCE=DESTINATION itself.",
        )
    return pairs


def _shown(mapping: str) -> str:
    return "=".join(map(without_user, mapping.split("=")))


def _of_file(name: str) -> Iterator[Pair]:
    try:
        text = Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise WrongUsage(
            f"{without_user(name)} cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8 text'}.",
            "Name a file with the images of the release, or SOURCE=DESTINATION.",
        ) from error
    if name.endswith(_STRUCTURED):
        from promoter.model.reading import read_release  # noqa: PLC0415 - brings in pydantic and PyYAML

        for number, line in enumerate(read_release(text, name).images, 1):
            for destination in line.all_destinations:
                yield Pair(line.source, destination, f"{name}, image {number}")
        return
    for number, written in enumerate(text.splitlines(), 1):
        yield from _mapping(written, f"{name}, line {number}")


def _mapping(line: str, where: str) -> Iterator[Pair]:
    """Read a line: one source and its destinations, or any number of SOURCE=DESTINATION."""
    words = line.partition("#")[0].split()
    equations = [word.partition("=") for word in words if "=" in word]
    if equations and len(equations) == len(words) and all(source and target for source, _, target in equations):
        yield from (Pair(source, target, where) for source, _, target in equations)
    elif len(words) > 1 and not equations:
        yield from (Pair(words[0], target, where) for target in words[1:])
    elif words:
        raise WrongUsage(
            f"{where}: this is neither `SOURCE DESTINATION` nor SOURCE=DESTINATION.",
            "Write one source and where it goes to, with spaces or = between them.",
        )
