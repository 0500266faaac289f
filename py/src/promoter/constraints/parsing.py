"""Says what the stages of a Dockerfile are built on."""

from __future__ import annotations

from pathlib import Path

from promoter.constraints.files import is_file
from promoter.dockerfiles.reading import read_dockerfile
from promoter.errors import WrongUsage
from promoter.model.constraints import ParsedStage, ParseRequest, ParseResult
from promoter.model.line import shortened
from promoter.promotion.places import Places


def parse(request: ParseRequest, places: Places) -> ParseResult:  # noqa: ARG001 - called as every use case is
    """Read a Dockerfile as BuildKit does.

    Raises:
        WrongUsage: it cannot be read, or BuildKit refuses it.

    """
    dockerfile = read_dockerfile(_content(request.file), request.file)
    return ParseResult(
        stages=tuple(
            ParsedStage(
                index=stage.index,
                name=stage.name,
                base=stage.base,
                platform=stage.platform,
                stage_ref=stage.stage_ref,
            )
            for stage in dockerfile.stages
        )
    )


def _content(name: str) -> bytes:
    remedy = "Name a Dockerfile; standard input is not read."
    try:
        if is_file(Path(name)):  # nothing that never ends, such as /dev/zero
            return Path(name).read_bytes()
    except OSError as error:
        raise WrongUsage(f"{shortened(name)} cannot be read: {error.strerror}.", remedy) from error
    raise WrongUsage(f"There is no file {shortened(name)}.", remedy)
