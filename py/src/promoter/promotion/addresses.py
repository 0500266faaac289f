"""Where tags of image streams are: an environment with a cluster, a name and a tag."""

from __future__ import annotations

from typing import NamedTuple

from promoter.errors import Refused, WrongUsage
from promoter.model.line import quoted
from promoter.model.reference import ImageReference
from promoter.openshift.api import ClusterApi, Conflict
from promoter.openshift.image_imports import ImageImports
from promoter.openshift.image_streams import NO_TAG, ImageStream, ImageStreams, StreamTag
from promoter.promotion.places import Named, Places


class Address(NamedTuple):
    """A tag of an image stream.

    Args:
        environment: the environment that its project is.
        streams: the project's image streams.
        name: the image stream.
        tag: the tag.
        reference: the same as the environment's registry has it.

    """

    environment: str
    streams: ImageStreams
    name: str
    tag: str
    reference: ImageReference

    def __str__(self) -> str:
        """Write it as people do: environment/name:tag."""
        return f"{self.environment}/{self.name}:{self.tag}"

    @property
    def imports(self) -> ImageImports:
        """The imports into the same project."""
        return ImageImports(self.streams.api, self.streams.project)

    def look(self) -> tuple[ImageStream | None, StreamTag]:
        """Look at the image stream, if there is one, and at what the tag is."""
        stream = self.streams.find(self.name)
        return stream, stream.tag(self.tag) if stream else NO_TAG

    def require_free(self, standing: StreamTag, digest: str) -> None:
        """Insist that the tag is not another image.

        Raises:
            Refused: it is.

        """
        if standing.digest not in (None, digest):
            raise Refused(
                f"{self} is taken: it is {standing.digest}, not {digest}.",
                "Take another tag, or overwrite it with --force; the digest it has now stays in its history.",
            )

    def require_rest(self, standing: StreamTag, origin: str) -> None:
        """Insist that nobody else has just set the tag.

        Raises:
            Conflict: what it was set to is being imported; worth another try.

        """
        if standing.is_on_its_way and standing.origin != origin:
            raise Conflict(
                f"{self} was just set to {standing.origin}, which is being imported.",
                "Somebody else sets this tag. Look at what it is then, and run this again or use --force.",
            )


class Addresses:
    """Opens the clusters of the environments that a command names, each once."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._clusters: dict[str, ClusterApi] = {}

    def streams(self, environment: str) -> ImageStreams:
        """Open the image streams of an environment.

        Raises:
            WrongUsage: there is no such environment, or it names no cluster or no project there.
            NotPermitted: its credential cannot be loaded.

        """
        known = self.places.configuration.environment(environment)
        if known.cluster is None:
            raise WrongUsage(
                f"The environment {environment} names no cluster, so it has no image streams.",
                "Give it a `cluster` with the `api`'s URL; docs/configuration.md tells more.",
            )
        project = known.cluster.project or known.project
        if not project or "/" in project:
            raise WrongUsage(
                f"The environment {environment} is no project of a cluster: {project!r}.",
                "Give its `cluster` the `project`.",
            )
        if environment not in self._clusters:
            self._clusters[environment] = self.places.cluster(known)
        return ImageStreams(self._clusters[environment], project)

    def tag(self, text: str, like: ImageReference | None = None) -> Address:
        """Open the tag that a text names.

        Args:
            text: environment/name:tag, or with `like` an environment alone, or one with a name.
            like: where the name and the tag come from that are left out.

        Raises:
            WrongUsage: it is no tag of an image stream.

        """
        if like and text in self.places.configuration.environments:
            text = f"{text}/{like.repository.rpartition('/')[2]}"
        named = self.places.named(text)
        tag = named.reference.tag or (like and like.tag)
        if named.reference.digest or not tag:
            raise WrongUsage(f"{quoted(text)} is no tag of an image stream.", "Write environment/name:tag.")
        return self.at(named, tag)

    def at(self, named: Named, tag: str) -> Address:
        """Open a tag of the image stream that is named.

        Raises:
            WrongUsage: no environment is named, or the name is no image stream's.

        """
        if named.environment is None:
            raise WrongUsage(
                f"{named.reference} is in no environment, so it is no tag of an image stream.",
                "Write environment/name:tag with an environment that has a `cluster`.",
            )
        streams = self.streams(named.environment)
        return Address(named.environment, streams, stream_name(named, self.places), tag, named.reference.tagged(tag))


def stream_name(named: Named, places: Places) -> str:
    """Return the name of the image stream that an environment's image is in.

    Raises:
        WrongUsage: the name has a slash.

    """
    project = places.configuration.environment(named.environment or "").project
    name = named.reference.repository.removeprefix(f"{project}/") if project else named.reference.repository
    if "/" in name:
        raise WrongUsage(
            f"{quoted(name)} is no image stream's name: it has a slash.",
            "Leave the project out; it is the environment's.",
        )
    return name
