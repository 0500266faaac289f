"""Stages and what they take from each other, as frontend/dockerfile/dockerfile2llb of BuildKit connects them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from promoter.dockerfiles.characters import encode, integer, lower
from promoter.dockerfiles.flags import mount_source, values_of
from promoter.dockerfiles.instructions import check
from promoter.dockerfiles.lines import Instruction, read_instructions
from promoter.dockerfiles.names import require_image
from promoter.dockerfiles.syntax import Syntax
from promoter.dockerfiles.unbuildable import AtLine, Unbuildable
from promoter.dockerfiles.words import expand

_EMPTY_IMAGE = "scratch"
_ONBUILD = re.compile(r"[\t\n\f\r ]*onbuild[\t\n\f\r ]*", re.IGNORECASE)


class From(NamedTuple):
    """What a stage's FROM says, with the default arguments filled in.

    Args:
        base: the image, or the name of the stage, that it is built on.
        line: where it stands.
        name: the stage's name in lower case, if it has one.
        platform: what `--platform` says, if it says something.
        written: the base as it stands there.

    """

    base: str
    line: int
    name: str | None = None
    platform: str | None = None
    written: str = ""


class State:
    """A stage; or an image that one takes from, which has no index.

    Args:
        origin: what it is built on.
        index: the stage's place among the stages.
        commands: the stage's instructions behind FROM.

    `base` is the earlier stage that it is built on; nothing if that is an image. `taken` is what it takes from others,
    and `inherited` what it takes because the stage that it is built on says so with ONBUILD.

    """

    def __init__(self, origin: From, index: int | None = None, commands: Iterable[Instruction] = ()) -> None:
        self.origin = origin
        self.index = index
        self.commands = tuple(commands)
        self.base: State | None = None
        self.taken: list[Taken] = []
        self.inherited: list[Taken] = []

    @property
    def dependencies(self) -> dict[State, int]:
        """What it takes from, each with the last line that does so."""
        return {taken.state: taken.line for taken in (*self.taken, *self.inherited)}


class Taken(NamedTuple):
    """What an instruction takes from, as it names it, and the line."""

    text: str
    state: State
    line: int


def connect(stages: Iterable[State], escape: str) -> None:
    """Connect the stages with what they are built on and take from.

    Raises:
        Unbuildable: one takes from a stage that there is not, that is behind it or takes from it, or names no image.

    """
    graph = _Graph(escape)
    for stage in stages:
        graph.add(stage)
    graph.connect()


class _Graph:
    def __init__(self, escape: str) -> None:
        self._escape = escape
        self._states: list[State] = []
        self._by_name: dict[str, State] = {}

    def add(self, state: State) -> None:
        """Add a stage, or an image that one takes from: BuildKit counts both."""
        self._states.append(state)
        state.base = self._by_name.get(state.origin.base)
        if state.origin.name:
            self._by_name[state.origin.name] = state

    def connect(self) -> None:
        """Connect the stages."""
        stages = tuple(self._states)
        for stage in stages:
            for command in stage.commands:
                with AtLine(command.line):
                    stage.taken += self._taken_by(command.syntax, command.line)
        _require_no_circle(self._states)
        while self._inherit(stages):
            pass
        reached = _reached(stages[-1])
        for stage in stages:
            if stage in reached:
                _require_earlier(stage)

    def _inherit(self, stages: tuple[State, ...]) -> bool:
        """Add what is to be taken because of ONBUILD, and return whether there was something new."""
        for state in self._states:
            if state.base is None and state.origin.base != _EMPTY_IMAGE:
                with AtLine(state.origin.line):
                    require_image(state.origin.base)
        reached = _reached(stages[-1])
        inheriting = [stage for stage in stages if stage in reached and stage.base and not stage.inherited]
        for stage in inheriting:
            stage.inherited += self._inherited_by(stage)
        return any(stage.inherited for stage in inheriting)

    def _inherited_by(self, stage: State) -> Iterator[Taken]:
        """Read the triggers of the stage that this one is built on, each as a Dockerfile of its own."""
        for command in stage.base.commands if stage.base else ():
            if command.syntax.trigger:
                text = _ONBUILD.sub("", command.text, count=1)
                try:
                    (trigger,) = read_instructions(encode(text) + command.bodies).instructions
                    check(trigger.syntax)
                    yield from self._taken_by(trigger.syntax, stage.origin.line)
                except Unbuildable as refusal:
                    refusal.line = stage.origin.line
                    raise

    def _taken_by(self, syntax: Syntax, line: int) -> list[Taken]:
        """Return what a COPY or a RUN takes from."""
        if syntax.keyword == "copy":
            texts = values_of(syntax).get("from", [])
            taken = [Taken(text, self._copied(text, line), line) for text in texts if text]
        elif syntax.keyword == "run":
            texts = [mount_source(mount) for mount in values_of(syntax).get("mount", ())]
            taken = [Taken(text, self._named(text or _EMPTY_IMAGE, line), line) for text in texts]
        else:
            return []
        for one in taken:
            if one.state.index is None:
                self.add(one.state)
        return taken

    def _copied(self, text: str, line: int) -> State:
        if expand(text, {}, self._escape) != text:
            raise Unbuildable("--from has a variable, a quote or an escape; name a stage that is FROM it instead")
        index = integer(text)
        if index is None:
            return self._named(text, line)
        if not 0 <= index < len(self._states):
            raise Unbuildable(f"there is no stage {index}")
        return self._states[index]

    def _named(self, text: str, line: int) -> State:
        return self._by_name.get(lower(text)) or State(From(text, line))


def _require_no_circle(states: Iterable[State]) -> None:
    """See that no stage takes from one that takes from it."""
    visited: set[State] = set()
    for state in states:
        if state in visited:
            continue
        visited.add(state)
        path = {state: iter(state.dependencies)}
        while path:
            last = next(reversed(path))
            following = next(path[last], None)
            if following is None:
                del path[last]
            elif following in path:
                first = next((one for one in list(path)[1:]), following)
                with AtLine(state.dependencies[first]):
                    raise Unbuildable(f"{_shown(following)} takes from itself, by way of what it takes from or alone")
            elif following not in visited:
                visited.add(following)
                path[following] = iter(following.dependencies)


def _reached(target: State) -> set[State]:
    """Return what the target is built on or takes from, all the way, and itself."""
    reached = {target}
    left = [target]
    while left:
        state = left.pop()
        found = {*state.dependencies, *([state.base] if state.base else [])} - reached
        reached |= found
        left += found
    return reached


def _require_earlier(stage: State) -> None:
    """See that a stage takes from earlier ones."""
    own = stage.index or 0
    for taken in (*stage.inherited, *stage.taken):
        if taken.text and taken.state.index is not None and taken.state.index > own:
            with AtLine(taken.line):
                raise Unbuildable(f"{_shown(taken.state)} is behind the stage that takes from it")


def _shown(state: State) -> str:
    return f"stage {state.origin.name or state.index}"
