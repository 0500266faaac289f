"""The use case of `promoter constraints scenario`: a change of golang, and the freeze, on a small product.

Its calendar is that of "Flexibly enforcing product build constraints in CI" (openshift/enhancements), day 0 to day N.
The days say what people do; what comes of it the rules say, of the metadata and the Dockerfiles as they are then.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from promoter.constraints.checking import check_component
from promoter.constraints.metadata import SWITCH, read_metadata
from promoter.dockerfiles.reading import read_dockerfile
from promoter.model.constraints import ComponentCheck, ScenarioDay, ScenarioRequest, ScenarioResult
from promoter.processes import private_directory
from promoter.promotion.places import Places

_CI = "registry.ci.openshift.org/ocp"
_RELEASE = "4.6"
_OLD, _NEW = "1.14", "1.15"
_EXCEPTION = f"golang-{_OLD}"
_TRACKING = ("apiserver", "controller-manager", "scheduler", "component-x", "component-y", "component-z")
"""The components that track the control plane's golang; etcd has a stream of its own from the beginning."""


class _World(NamedTuple):
    """What people have made of the metadata and of the Dockerfiles.

    Args:
        golang: the version that the stream `golang` is.
        merged: the components whose Dockerfiles name the new version.
        excepted: the components that are on a stream of their own, with the old version.
        foreign: the components whose Dockerfiles name an image that is no CI equivalent.
        frozen: whether the freeze has begun.

    """

    golang: str = _OLD
    merged: frozenset[str] = frozenset()
    excepted: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()
    frozen: bool = False


class _Day(NamedTuple):
    day: str
    event: str
    world: _World


def _calendar() -> tuple[_Day, ...]:
    start = _World()
    bumped = start._replace(golang=_NEW)
    half = bumped._replace(merged=frozenset(_TRACKING[:3]))
    exception = half._replace(excepted=frozenset({"component-x"}))
    frozen = exception._replace(merged=half.merged | {"component-y"}, frozen=True)
    return (
        _Day("0", f"all components are built with golang {_OLD}", start),
        _Day("1", f"the control plane asks for golang {_NEW}; nothing is changed yet", start),
        _Day("15", f"the metadata suggests golang {_NEW}; alignment changes are opened", bumped),
        _Day("19", "half of the alignment changes are merged", half),
        _Day("20", "component-x is granted an exception: a stream of its own", exception),
        _Day("45", "the freeze comes near; what is still open becomes urgent", exception),
        _Day("48", "component-y has merged; the freeze begins, and the metadata decides", frozen),
        _Day("N", "scheduler names an image of its own choice", frozen._replace(foreign=frozenset({"scheduler"}))),
    )


def scenario(_request: ScenarioRequest, _places: Places) -> ScenarioResult:
    """Play all days."""
    return ScenarioResult(days=tuple(map(_played, _calendar())))


def _played(day: _Day) -> ScenarioDay:
    return ScenarioDay(day=day.day, event=day.event, frozen=day.world.frozen, components=_checks(day.world))


def _checks(world: _World) -> tuple[ComponentCheck, ...]:
    with private_directory() as directory:
        for name, content in _metadata(world).items():
            (directory / name).parent.mkdir(exist_ok=True)
            (directory / name).write_text(content, encoding="utf-8")
        return _checked(directory, world)


def _checked(directory: Path, world: _World) -> tuple[ComponentCheck, ...]:
    metadata = read_metadata(directory)
    return tuple(
        check_component(metadata.image(key), metadata, read_dockerfile(_dockerfile(key, world).encode(), key))
        for key in ("etcd", *_TRACKING)
    )


def _metadata(world: _World) -> dict[str, str]:
    """Write the metadata; once there is a new version, the old one stays as a stream to map back to."""
    streams = [_stream("etcd_golang", "1.12", "etcd-"), _stream("golang", world.golang)]
    if world.golang != _OLD:
        streams.append(_stream(_EXCEPTION, _OLD))
    parents = {key: _EXCEPTION if key in world.excepted else "golang" for key in _TRACKING} | {"etcd": "etcd_golang"}
    return {
        "group.yml": f"""\
name: openshift-{{MAJOR}}.{{MINOR}}
vars: {{MAJOR: 4, MINOR: 6}}
{SWITCH}: {str(not world.frozen).lower()}
""",
        "streams.yml": "".join(streams),
        "images/base.yml": "{name: openshift/ose-base, from: {stream: golang}}\n",
        **{f"images/{key}.yml": _image(key, stream) for key, stream in parents.items()},
    }


def _stream(name: str, version: str, what: str = "") -> str:
    return f"""\
{name}:
  image: openshift/golang-builder:rhel_8_golang_{version}
  upstream_image: {_equivalent(version, "{MAJOR}.{MINOR}", what)}
"""


def _image(key: str, stream: str) -> str:
    return f"{{name: openshift/ose-{key}, from: {{builder: [{{stream: {stream}}}], member: base}}}}\n"


def _dockerfile(key: str, world: _World) -> str:
    if key in world.foreign:
        builder = f"docker.io/library/golang:{_NEW}"
    elif key == "etcd":
        builder = _equivalent("1.12", _RELEASE, "etcd-")
    else:
        builder = _equivalent(_NEW if key in world.merged else _OLD, _RELEASE)
    return f"FROM {builder} AS builder\nFROM {_CI}/{_RELEASE}:base\nCOPY --from=builder /{key} /\n"


def _equivalent(version: str, release: str, what: str = "") -> str:
    return f"{_CI}/builder:rhel-8-{what}golang-{version}-openshift-{release}"
