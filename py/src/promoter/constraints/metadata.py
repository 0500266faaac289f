"""The product's build metadata: what a group of images is built from, in the format of openshift/ocp-build-data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple

from promoter.constraints import streams
from promoter.constraints.documents import Values, as_text, items, load, section, text
from promoter.constraints.streams import Streams, read_streams
from promoter.errors import NotFound, WrongUsage

SWITCH = "canonical_builders_from_upstream"
"""What says whether builds honour the Dockerfiles' FROM lines; an image's own counts before the group's."""

_GROUP = "group.yml"
_IMAGES = "images"
_SUFFIX = ".yml"
_BEFORE_RELEASE = "pre-release"
_SWITCHES = {"on": True, "off": False}
_KINDS: tuple[Kind, ...] = ("stream", "member", "image")
_NOT_BUILT = ("disabled", "wip")
_SSH = re.compile(r"(?:ssh://)?[\w.-]+@([\w.-]+)[:/](.+)")

Kind = Literal["stream", "member", "image"]
"""Where a parent comes from: a stream, another image of the group, or elsewhere."""


class Group(NamedTuple):
    """What all images of a directory have in common.

    Args:
        name: such as openshift-4.16.
        variables: what `{NAME}` stands for in all files.
        phase: of the software's life: pre-release, signing, release or eol; nothing where it is not said.
        honours_upstream: whether builds honour the FROM lines of Dockerfiles: true before the freeze, false after it.
        raw: all that group.yml says.

    """

    name: str
    variables: Mapping[str, str]
    phase: str | None
    honours_upstream: bool
    raw: Values


class Parent(NamedTuple):
    """What a stage is built on: the name of a stream, the key of another image, or an image."""

    kind: Kind
    value: str


class Repository(NamedTuple):
    """Where an image's source is.

    Args:
        url: where product builds fetch it.
        web: where everybody may, if that is known.
        branch: its branch; nothing where it is not said.

    """

    url: str
    web: str | None
    branch: str | None

    @property
    def https(self) -> str:
        """Its URL by HTTPS, without `.git`."""
        return https_of(self.web or self.url)

    @property
    def name(self) -> str:
        """The last part of its URL."""
        return re.split("[/:]", self.https)[-1]


class Image(NamedTuple):
    """An image of the group.

    Args:
        key: the name of its file, by which others name it.
        name: the product image's name.
        payload_name: the tag that it has in a release.
        parents: what its stages are built on: builders in their order, the base last.
        repository: where its source is, if it has one.
        dockerfile: its Dockerfile's path in the repository.
        upstream_image: its equivalent in CI, where that is not told by `payload_name`.
        streams_prs: how its Dockerfile is aligned.
        honours_upstream: whether its builds honour the FROM lines of its Dockerfile.
        is_built: false where it is switched off (`mode`).
        raw: all that its file says.

    """

    key: str
    name: str
    payload_name: str
    parents: tuple[Parent, ...]
    repository: Repository | None
    dockerfile: str
    upstream_image: str | None
    streams_prs: Values
    honours_upstream: bool
    is_built: bool
    raw: Values

    @property
    def file(self) -> str:
        """The path of its file in the metadata."""
        return f"{_IMAGES}/{self.key}{_SUFFIX}"


class Metadata(NamedTuple):
    """All of a directory; `images` by their keys."""

    group: Group
    streams: Streams
    images: Mapping[str, Image]

    def image(self, key: str) -> Image:
        """Return an image of the group.

        Raises:
            NotFound: there is none.

        """
        if key not in self.images:
            raise NotFound(f"The metadata has no {_IMAGES}/{key}{_SUFFIX}.", "Name an image by its file's name.")
        return self.images[key]

    def product_image(self, parent: Parent) -> str:
        """Return the product image that the metadata has a parent be.

        Raises:
            NotFound: there is no such stream or image.
            WrongUsage: several streams have the name.

        """
        if parent.kind == "stream":
            return self.streams.product_image(parent.value)
        return self.image(parent.value).name if parent.kind == "member" else parent.value


def read_metadata(directory: Path) -> Metadata:
    """Read group.yml, streams.yml and images/*.yml of a directory.

    Raises:
        NotFound: a file is missing.
        Refused: a file leads out of the directory.
        WrongUsage: a file is no YAML, or says something of the wrong kind where it is asked.

    """
    group = _read_group(directory)
    keys = sorted(path.name.removesuffix(_SUFFIX) for path in (directory / _IMAGES).glob(f"*{_SUFFIX}"))
    if not keys:
        raise NotFound(f"{directory} has no {_IMAGES}/*{_SUFFIX}.", "Name a directory as openshift/ocp-build-data is.")
    return Metadata(
        group,
        read_streams(load(directory, streams.FILE, group.variables)),
        {key: _image(key, load(directory, f"{_IMAGES}/{key}{_SUFFIX}", group.variables), group) for key in keys},
    )


def _read_group(directory: Path) -> Group:
    """Read group.yml twice: it has the variables that it is filled with."""
    variables = {
        str(name): as_text(value, f"{_GROUP}: vars.{name}")
        for name, value in section(load(directory, _GROUP, {}), _GROUP, "vars").items()
    }
    raw = load(directory, _GROUP, variables)
    phase = text(section(raw, _GROUP, "software_lifecycle"), _GROUP, "phase")
    honours = _honours(raw, _GROUP, phase, default=False)
    return Group(text(raw, _GROUP, "name") or "unnamed", variables, phase, honours, raw)


def _image(key: str, raw: Values, group: Group) -> Image:
    where = f"{_IMAGES}/{key}{_SUFFIX}"
    source = section(raw, where, "content", "source")
    alignment = section(source, where, "ci_alignment")
    name = text(raw, where, "name") or key
    path = PurePosixPath(text(source, where, "path") or "") / (text(source, where, "dockerfile") or "Dockerfile")
    return Image(
        key,
        name,
        (text(raw, where, "payload_name") or name).rpartition("/")[2].removeprefix("ose-"),
        _parents(section(raw, where, "from"), where),
        _repository(source, where, group),
        str(path),
        text(alignment, where, "upstream_image"),
        section(alignment, where, "streams_prs"),
        _honours(raw, where, group.phase, default=group.honours_upstream),
        raw.get("mode") not in _NOT_BUILT,
        raw,
    )


def _honours(raw: Values, where: str, phase: str | None, *, default: bool) -> bool:
    value = raw.get(SWITCH, default)
    if value == "auto":
        return (phase or "").lower().replace("_", "-") == _BEFORE_RELEASE
    switched = _SWITCHES.get(value, value) if isinstance(value, str) else value
    if not isinstance(switched, bool):
        raise WrongUsage(f"{where}: {SWITCH} is neither true nor false, nor auto.", "Say whether the freeze has begun.")
    return switched


def _parents(raw: Values, where: str) -> tuple[Parent, ...]:
    builders = [_parent(builder, f"{where}: from.builder") for builder in items(raw, f"{where}: from", "builder")]
    base = {key: value for key, value in raw.items() if key in _KINDS}
    return (*builders, *([_parent(base, f"{where}: from")] if base else []))


def _parent(raw: Any, where: str) -> Parent:  # noqa: ANN401 - whatever a file holds
    named = [kind for kind in _KINDS if isinstance(raw, dict) and raw.get(kind)]
    if len(named) != 1:
        raise WrongUsage(f"{where}: a parent is not one stream, member or image.", "Name one of them for each parent.")
    return Parent(named[0], as_text(raw[named[0]], f"{where}.{named[0]}"))


def _repository(source: Values, where: str, group: Group) -> Repository | None:
    git, place = section(source, where, "git"), where
    if alias := text(source, where, "alias"):
        git, place = section(group.raw, _GROUP, "sources", alias), f"{_GROUP}: sources.{alias}"
    url = text(git, place, "url")
    if url is None:
        return None
    return Repository(
        url, text(git, place, "web") or _public(url, group), text(section(git, place, "branch"), place, "target")
    )


def _public(url: str, group: Group) -> str | None:
    """Return where everybody may fetch what is at a URL: by the longest of the group's prefixes that fits."""
    place, longest, public = f"{_GROUP}: public_upstreams", "", None
    for upstream in items(group.raw, _GROUP, "public_upstreams"):
        private = https_of(text(section({"": upstream}, place, ""), place, "private") or "")
        if len(private) > len(longest) and f"{https_of(url)}/".startswith(f"{private}/"):
            longest = private
            public = https_of(text(upstream, place, "public") or "") + https_of(url)[len(private) :]
    return public


def https_of(url: str) -> str:
    """Return the HTTPS spelling of a repository's URL, without `.git`; of a URL by ssh as its host has it by HTTPS."""
    match = _SSH.fullmatch(url)
    return (f"https://{match[1]}/{match[2]}" if match else url).rstrip("/").removesuffix(".git")
