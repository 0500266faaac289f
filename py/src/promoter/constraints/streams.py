"""Streams: names for product images, each with the image that stands for it in CI.

The format is streams.yml of openshift/ocp-build-data. `upstream_image` is what Dockerfiles are to name; what lies below
it while CI builds it (`upstream_image_base`) and copies of it are no names for Dockerfiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from promoter.constraints.documents import Values, as_text, items, section, text
from promoter.errors import NotFound, WrongUsage
from promoter.model.line import quoted

FILE = "streams.yml"
_NO_PRODUCT = "not_applicable"
"""The image of a stream that CI alone has."""


class Stream(NamedTuple):
    """A stream.

    Args:
        name: its name in the file.
        aliases: what else it is called.
        image: the product image; nothing where CI alone has the stream.
        upstream_image: its equivalent in CI, if it has one.
        upstream_image_base: what that one is built on, where CI builds it.
        raw: all that the file says of it.

    """

    name: str
    aliases: tuple[str, ...]
    image: str | None
    upstream_image: str | None
    upstream_image_base: str | None
    raw: Values


class Streams:
    """All streams, in the file's order."""

    def __init__(self, streams: Iterable[Stream]) -> None:
        self.all = tuple(streams)
        self._named: dict[str, list[Stream]] = {}
        self._equivalents: dict[str, list[Stream]] = {}
        for stream in self.all:
            for name in {stream.name, *stream.aliases}:
                self._named.setdefault(name, []).append(stream)
            if stream.upstream_image:
                self._equivalents.setdefault(stream.upstream_image, []).append(stream)

    def resolve(self, name: str) -> Stream:
        """Return the stream with a name or alias.

        Raises:
            NotFound: there is none.
            WrongUsage: there are several.

        """
        found = self._named.get(name, [])
        if not found:
            raise NotFound(f"{FILE} has no stream {quoted(name)}.", "Correct the name, or add the stream.")
        if len(found) > 1:
            names = ", ".join(stream.name for stream in found)
            raise WrongUsage(f"{quoted(name)} is a name of several streams: {names}.", f"Rename all but one in {FILE}.")
        return found[0]

    def product_image(self, name: str) -> str:
        """Return the product image of the stream with a name or alias.

        Raises:
            NotFound: there is no such stream, or it has none.
            WrongUsage: there are several.

        """
        stream = self.resolve(name)
        if stream.image is None:
            raise NotFound(
                f"The stream {stream.name} has no product image.", f"Name another stream, or give it one in {FILE}."
            )
        return stream.image

    def equivalent_to(self, upstream_image: str) -> tuple[Stream, ...]:
        """Return the streams that an image stands for in CI and that have a product image."""
        return tuple(stream for stream in self._equivalents.get(upstream_image, ()) if stream.image)


def read_streams(values: Values) -> Streams:
    """Make the streams from what the file says.

    Raises:
        WrongUsage: a part of it is of the wrong kind.

    """
    return Streams(_stream(name, section(values, FILE, name)) for name in map(str, values))


def _stream(name: str, raw: Mapping[str, object]) -> Stream:
    where = f"{FILE}: {name}"
    image = text(raw, where, "image")
    return Stream(
        name,
        tuple(as_text(alias, f"{where}: aliases") for alias in items(raw, where, "aliases")),
        None if image == _NO_PRODUCT else image,
        text(raw, where, "upstream_image"),
        text(raw, where, "upstream_image_base"),
        raw,
    )
