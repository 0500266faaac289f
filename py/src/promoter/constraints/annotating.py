"""Note what is inconsistent on the tags of an image stream, each named after its component, and on a release's tag."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from promoter.errors import NotFound, WrongUsage
from promoter.files import read_bounded
from promoter.model.constraints import AnnotatedTag, AnnotateRequest, AnnotateResult
from promoter.model.inconsistency import ANNOTATION, Inconsistencies, explained, is_mapping, union, written
from promoter.model.line import quoted, shortened
from promoter.openshift.image_streams import ImageStream, ImageStreams
from promoter.promotion.addresses import Addresses, stream_name
from promoter.promotion.gates.inconsistency import messages_of, noted_inconsistencies
from promoter.promotion.places import Places

_CODES = re.compile(r"([^\s,]+(,[^\s,]+)*)?")
_CONFIG_MAP = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_LARGEST_BYTES = 16 * 1024 * 1024
"""How large the result of a check may be."""
_SHAPE = "It is the result of `promoter constraints check --result FILE`."

Codes = dict[str, tuple[str, ...]]
"""The codes of components by their names; none for one that is consistent."""


def annotate(request: AnnotateRequest, places: Places) -> AnnotateResult:
    """Note each component's codes on its tag, and what all tags say on the release's; say what is inconsistent then.

    Nothing is changed before everything was looked at. What else is noted on the tags stays; so does what is noted
    about components that are not named.

    Raises:
        WrongUsage: the parameters or the file do not fit, or an annotation would be too large.
        NotFound: the image stream, a component's tag or the release's tag is not there.
        NotPermitted, Unreachable: they cannot be looked at or changed.

    """
    work = _Annotating(request, places)
    stream = work.stream()
    tags, release, everything = work.tags(stream), work.changed_release(stream), work.everything(stream)
    is_changed = bool(release) or any(tag.status != "unchanged" for tag in tags)
    if is_changed and not request.dry_run:
        work.carry_out()
    return AnnotateResult(
        status=("planned" if request.dry_run else "annotated") if is_changed else "unchanged",
        stream=request.stream,
        tags=tags,
        release=request.release,
        inconsistencies=explained(everything, messages_of(work.streams, places.say, request.messages)),
    )


class _Annotating:
    """What is to be noted where.

    Args:
        request: what was asked for.
        places: opens the clusters.

    Raises:
        WrongUsage: the parameters or the file do not fit.

    """

    def __init__(self, request: AnnotateRequest, places: Places) -> None:
        if not _CONFIG_MAP.fullmatch(request.messages):
            raise WrongUsage(
                f"{quoted(request.messages)} is no ConfigMap's name.", "Write it as `oc get configmaps` does."
            )
        if not (request.tag or request.from_check or request.release):
            raise WrongUsage("There is nothing to annotate.", "Name --tag, --from-check, --release, or several.")
        checked = _of_check(request.from_check, places) if request.from_check else {}
        self._named = _of_flags(request.tag)
        self._given = checked | self._named
        self._is_dry = request.dry_run
        self._say = places.say
        addresses, named = Addresses(places), places.named(request.stream)
        if named.environment is None or named.reference.locator:
            raise WrongUsage(
                f"{quoted(request.stream)} is no image stream.", "Write environment/stream, without a tag."
            )
        self.streams = addresses.streams(named.environment)
        self._name = stream_name(named, places)
        self._release = addresses.tag(request.release) if request.release else None
        if self._release and _place(self._release.streams, self._release.name) == _place(self.streams, self._name):
            raise WrongUsage(
                f"{request.release} is a tag of {request.stream} itself.", "Keep releases in an image stream of theirs."
            )

    def stream(self) -> ImageStream:
        """Look at the components' image stream."""
        return self.streams.get(self._name)

    def tags(self, stream: ImageStream) -> tuple[AnnotatedTag, ...]:
        """Return what becomes of the components' tags.

        A check is of all components; those that are not part of the release have no tag, and that is only said.

        Raises:
            NotFound: a component that --tag gives codes has none.

        """
        missing = [tag for tag, codes in self._given.items() if codes and tag not in stream.tags]
        if named := [tag for tag in missing if tag in self._named]:
            raise NotFound(
                f"The image stream {self.streams}/{self._name} has no tag for {', '.join(named)}.",
                "Tags are named after their components; leave out what is not part of it.",
            )
        if missing:
            self._say(f"no part of the image stream, so noted nowhere: {', '.join(missing)}")
        changes = _changes(stream, self._wanted(stream))
        return tuple(
            AnnotatedTag(
                tag=tag,
                status=("planned" if self._is_dry else "annotated") if tag in changes else "unchanged",
                codes=found.get(tag, ()),
            )
            for tag, found in self._wanted(stream).items()
        )

    def changed_release(self, stream: ImageStream) -> Mapping[str, object]:
        """Return the change to the release's tag; none if it says everything already, or there is no release.

        Raises:
            NotFound: there is no such tag.

        """
        if self._release is None:
            return {}
        found, _ = self._release.look()
        if found is None or self._release.tag not in found.tags:
            raise NotFound(f"There is no tag {self._release}.", "Make the release first, then annotate it.")
        return _changes(found, {self._release.tag: self.everything(stream)})

    def everything(self, stream: ImageStream) -> Inconsistencies:
        """Return what all tags say once the components' are noted."""
        noted = {tag: noted_inconsistencies(stream.tag(tag), tag) for tag in stream.tags}
        return union(*(noted | self._wanted(stream)).values())

    def carry_out(self) -> None:
        """Note everything: on the components' tags first."""
        _note(self.streams, self._name, self._wanted)
        if release := self._release:
            # The release is looked at before the tags are: so of two that do this at once, the last one knows all.
            _note(release.streams, release.name, lambda _: {release.tag: self.everything(self.stream())})

    def _wanted(self, stream: ImageStream) -> dict[str, Inconsistencies]:
        """Return what is to be noted on the components' tags; what is noted there about others stays."""
        return {
            tag: union({**noted_inconsistencies(stream.tag(tag), tag), tag: codes})
            for tag, codes in self._given.items()
            if tag in stream.tags
        }


def _changes(stream: ImageStream, wanted: Mapping[str, Inconsistencies]) -> dict[str, dict[str, str]]:
    """Return the annotations of the tags that do not say yet what is wanted."""
    changes = {}
    for name, inconsistencies in wanted.items():
        tag = stream.tag(name)
        if noted_inconsistencies(tag, name) != inconsistencies:
            others = {key: value for key, value in tag.annotations.items() if key != ANNOTATION}
            changes[name] = others | ({ANNOTATION: written(inconsistencies)} if inconsistencies else {})
    return changes


def _note(streams: ImageStreams, name: str, wanted: Callable[[ImageStream], Mapping[str, Inconsistencies]]) -> None:
    """Note what is wanted, in one request, on the tags of an image stream; again if somebody else changed it."""

    def note() -> None:
        stream = streams.get(name)
        if changes := _changes(stream, wanted(stream)):
            streams.note_all(stream, changes)

    streams.api.http.persist(note)


def _place(streams: ImageStreams, name: str) -> tuple[str, str, str]:
    return streams.api.url, streams.project, name


def _of_flags(tags: tuple[str, ...]) -> Codes:
    given: Codes = {}
    for text in tags:
        tag, equals, codes = text.partition("=")
        if not (tag and equals and _CODES.fullmatch(codes)):
            raise WrongUsage(
                f"--tag {quoted(text)} makes no sense.", "Write TAG=CODE,CODE; or TAG= if it is consistent."
            )
        given[tag] = (*given.get(tag, ()), *filter(None, codes.split(",")))
    return given


def _of_check(path: str, places: Places) -> Codes:
    """Read the codes of all components that were checked; those that could not be stay as they are, and are said."""
    try:
        result = json.loads(read_bounded(path, _LARGEST_BYTES))
        checked = [{one["tag"]: one["codes"]} for one in result["components"]]
        failed = [str(one["component"]) for one in result["failed"]]
    except (OSError, ValueError, RecursionError, LookupError, TypeError) as error:
        why = getattr(error, "strerror", None) or "it is no result of a check"
        raise WrongUsage(f"{shortened(path)} cannot be read: {why}.", _SHAPE) from error
    if not all(map(is_mapping, checked)):
        raise WrongUsage(f"{path} cannot be read: a tag or its codes are not what they should be.", _SHAPE)
    if failed:
        places.say(f"not checked, so what is noted about them stays: {', '.join(failed)}")
    given: Codes = {}
    for one in checked:
        for tag, codes in one.items():  # of several components with one tag, all count
            given[tag] = (*given.get(tag, ()), *codes)
    return given
