"""Reads a Dockerfile to what it is built on, as BuildKit does before it asks a registry.

It follows BuildKit's frontend/dockerfile step by step: the parser, the instructions, the arguments in front of the
first FROM, the stages and what they take from each other. dockerfile-parse 2.0.1 is not used: it takes FROM in a
heredoc for a stage, is wrong about `${V:-default}`, `${V%pattern}`, an ARG that refers to another one and a stage's
name in another case, misses what is behind a byte order mark, and refuses nothing.

What BuildKit refuses only when it carries instructions out on the base image, such as a port that EXPOSE cannot have or
the type of a mount, is not refused here; nor is a warning, whatever `# check=` makes of it. A `# syntax=` of another
frontend is read as if it were this one.
"""

from __future__ import annotations

from typing import NamedTuple

from promoter.dockerfiles.flags import values_of
from promoter.dockerfiles.instructions import check, stage_name, variables
from promoter.dockerfiles.lines import Instruction, read_instructions
from promoter.dockerfiles.names import require_platform
from promoter.dockerfiles.stages import From, State, Taken, connect
from promoter.dockerfiles.unbuildable import AtLine, Unbuildable
from promoter.dockerfiles.words import expand
from promoter.errors import WrongUsage

PLATFORM = "linux/amd64"
"""What is built on and for, where nothing else is said."""


class Stage(NamedTuple):
    """A stage.

    Args:
        index: its place among the stages, counted from 0.
        name: what it is called, in lower case; nothing if it has no name.
        base: the image, or the name of the stage, that it is built on, with the default arguments filled in.
        platform: what `--platform` says, with the default arguments filled in; nothing if it says nothing.
        stage_ref: the index of the earlier stage that `base` names; nothing if it names an image.
        line: that of its FROM, counted from 1.
        written: the base as it stands in FROM, with quotes and variables.

    """

    index: int  # type: ignore[assignment]  # the field hides a method of tuples that nobody needs here
    name: str | None
    base: str
    platform: str | None
    stage_ref: int | None
    line: int
    written: str


class Source(NamedTuple):
    """What `COPY --from` or `RUN --mount=from=` takes from.

    Args:
        stage: the index of the stage that it stands in, or that inherits it from the ONBUILD of another.
        base: the image, or the name or index of the stage.
        stage_ref: the index of that stage; nothing if it is an image.
        line: where it stands, or the FROM that inherits it; counted from 1.

    """

    stage: int
    base: str
    stage_ref: int | None
    line: int


class Dockerfile(NamedTuple):
    """What a Dockerfile is built on.

    Args:
        name: the file's name.
        stages: its stages, in their order.
        sources: what else is taken from stages and images.

    """

    name: str
    stages: tuple[Stage, ...]
    sources: tuple[Source, ...]


def read_dockerfile(content: bytes, name: str, platform: str = PLATFORM) -> Dockerfile:
    """Read a Dockerfile, with the default values of its arguments, built on and for the platform.

    Raises:
        WrongUsage: BuildKit refuses it; the message has the file's name and the line.

    """
    try:
        states = _states(content, platform)
    except Unbuildable as refusal:
        where = f"{name}:{refusal.line}" if refusal.line else name
        raise WrongUsage(
            f"{where}: {refusal.why}.", "Correct the Dockerfile: BuildKit does not build it either."
        ) from refusal
    stages = [_stage(state) for state in states]
    sources = [
        _source(stage.index, taken)
        for stage, state in zip(stages, states, strict=True)
        for taken in (*state.inherited, *state.taken)
        if taken.text
    ]
    return Dockerfile(name, tuple(stages), tuple(sources))


def _stage(state: State) -> Stage:
    origin = state.origin
    return Stage(
        index=state.index or 0,
        name=origin.name,
        base=origin.base,
        platform=origin.platform,
        stage_ref=state.base.index if state.base else None,
        line=origin.line,
        written=origin.written,
    )


def _source(stage: int, taken: Taken) -> Source:
    index = taken.state.index
    return Source(stage, taken.state.origin.base if index is None else taken.text, index, taken.line)


def _states(content: bytes, platform: str) -> list[State]:
    """Return the stages, connected with what they take from."""
    found = read_instructions(content)
    in_front, stages = _by_stage(found.instructions)
    arguments = _arguments(in_front, platform, stages[-1][0], found.escape)
    states = []
    for index, (first, *commands) in enumerate(stages):
        with AtLine(first.line):
            states.append(State(_from(first, arguments, found.escape), index, commands))
    connect(states, found.escape)
    return states


def _by_stage(instructions: tuple[Instruction, ...]) -> tuple[list[Instruction], list[list[Instruction]]]:
    """Check the instructions; return those in front of the first FROM, and those of each stage from its FROM on."""
    in_front: list[Instruction] = []
    stages: list[list[Instruction]] = []
    for instruction in instructions:
        keyword = instruction.syntax.keyword
        with AtLine(instruction.line):
            check(instruction.syntax)
            if keyword not in ("from", "arg") and not stages:
                raise Unbuildable(f"{keyword.upper()} is in front of the first FROM")
        if keyword == "from":
            stages.append([instruction])
        else:
            (stages[-1] if stages else in_front).append(instruction)
    if not stages:
        raise Unbuildable("there is no FROM in it")
    return in_front, stages


def _arguments(in_front: list[Instruction], platform: str, last: Instruction, escape: str) -> dict[str, str]:
    """Return the default values of the arguments that FROM may use, those that BuildKit sets itself among them."""
    system, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    parts = {"PLATFORM": platform, "OS": system, "OSVERSION": "", "ARCH": architecture, "VARIANT": variant}
    values = {f"{side}{name}": value for side in ("BUILD", "TARGET") for name, value in parts.items()}
    values["TARGETSTAGE"] = stage_name(last.syntax) or "default"
    for instruction in in_front:
        with AtLine(instruction.line):
            for name, value in variables(instruction.syntax):
                if value is not None:
                    values[name] = expand(value, values, escape)
    return values


def _from(instruction: Instruction, arguments: dict[str, str], escape: str) -> From:
    syntax = instruction.syntax
    written = syntax.arguments[0]
    base = expand(written, arguments, escape)
    if not base:
        raise Unbuildable(f"{written} stands for nothing: what it names has no default value")
    (asked,) = values_of(syntax).get("platform", [""])
    platform = expand(asked, arguments, escape) if asked else None
    if platform is not None:
        require_platform(platform)
    return From(base, instruction.line, stage_name(syntax), platform, written)
