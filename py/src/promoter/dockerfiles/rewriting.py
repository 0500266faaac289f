"""Rewrites the images that the stages of a Dockerfile are built on, and nothing else of it.

The image in FROM is replaced, also where it comes out of an ARG: of `ARG BASE=a` and `FROM $BASE` the second becomes
`FROM b`. The ARG stays, because others may use it, and because what it is set to then changes nothing of what is built
on. A name that was broken over several lines stands in the last of them afterwards, so that continuations and the
comments between them stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from promoter.dockerfiles.characters import SPACES, encode
from promoter.dockerfiles.lines import Instruction, read_instructions
from promoter.dockerfiles.names import require_image
from promoter.dockerfiles.reading import Dockerfile, Stage, read_dockerfile
from promoter.dockerfiles.unbuildable import Unbuildable
from promoter.errors import WrongUsage

_BLANK = re.compile(rb"[\t\v\f\r ]")
_LEAVE_IT = "Change this FROM by hand."


def rewrite_bases(content: bytes, bases: Mapping[int, str], name: str = "Dockerfile") -> bytes:
    """Return the Dockerfile with other images for stages, which are given by their indices.

    Raises:
        WrongUsage: BuildKit refuses the Dockerfile, there is no such stage, it is built on an earlier stage, what it is
            to be built on is no image, or something else would change, too.

    """
    before = read_dockerfile(content, name)
    for index, image in bases.items():
        _require_rewritable(name, before.stages, index, image)
    froms = [one for one in read_instructions(content).instructions if one.syntax.keyword == "from"]
    rewritten = bytearray(content)
    for index in sorted(bases, reverse=True):
        if before.stages[index].base != bases[index]:
            _replace_token(rewritten, froms[index], encode(bases[index]))
    if _without_tokens(read_dockerfile(bytes(rewritten), name)) != _without_tokens(_with_bases(before, bases)):
        raise WrongUsage(f"{name}: other images cannot be written into it without changing more.", _LEAVE_IT)
    return bytes(rewritten)


def _with_bases(dockerfile: Dockerfile, bases: Mapping[int, str]) -> Dockerfile:
    stages = (stage._replace(base=bases.get(number, stage.base)) for number, stage in enumerate(dockerfile.stages))
    return dockerfile._replace(stages=tuple(stages))


def _without_tokens(dockerfile: Dockerfile) -> Dockerfile:
    """Return the same but for how the bases are written."""
    return dockerfile._replace(stages=tuple(stage._replace(written="") for stage in dockerfile.stages))


def _require_rewritable(name: str, stages: tuple[Stage, ...], index: int, image: str) -> None:
    if index not in range(len(stages)):
        raise WrongUsage(f"{name}: there is no stage {index}.", f"Its stages are 0 to {len(stages) - 1}.")
    stage = stages[index]
    if stage.stage_ref is not None:
        raise WrongUsage(
            f"{name}:{stage.line}: stage {index} is built on stage {stage.stage_ref}, not on an image.",
            "Change the image of that stage.",
        )
    try:
        require_image(image)
    except Unbuildable as refusal:
        raise WrongUsage(
            f"{name}:{stage.line}: {refusal.why}.", "Name the image as registry/project/name:tag."
        ) from refusal


def _replace_token(content: bytearray, instruction: Instruction, image: bytes) -> None:
    """Replace what FROM names, from its last piece to its first, so that what is in front stays where it is."""
    rest = encode(instruction.syntax.rest)
    begin = len(encode(instruction.text.rstrip(SPACES))) - len(rest)
    end = begin + len(_BLANK.split(rest, maxsplit=1)[0])
    after = sum(len(piece.text) for piece in instruction.pieces)
    for piece in reversed(instruction.pieces):
        before = after - len(piece.text)
        if before < end and begin < after:
            first, last = max(begin, before) - before, min(end, after) - before
            content[piece.start + first : piece.start + last] = image
            image = b""
        after = before
