"""The instructions of a Dockerfile and where they stand, as frontend/dockerfile/parser of BuildKit finds them."""

from __future__ import annotations

import re
from typing import NamedTuple

from promoter.dockerfiles.characters import BOOLEANS, SPACES, decode, encode, without_indent
from promoter.dockerfiles.syntax import Syntax, parse
from promoter.dockerfiles.unbuildable import AtLine, Unbuildable
from promoter.dockerfiles.words import Heredoc, heredocs_in
from promoter.model.line import quoted

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DIRECTIVE = re.compile(rb"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=(.+)", re.DOTALL)
_DIRECTIVE_SPACES = b"\t\n\f\r "
_DIRECTIVES = frozenset((b"syntax", b"escape", b"check"))
_ESCAPES = (b"\\", b"`")
_HEREDOC_KEYWORDS = frozenset(("add", "copy", "run"))
_LONGEST_LINE = 65535
"""In bytes; BuildKit's `bufio.Scanner` holds no longer one."""


class Piece(NamedTuple):
    """A part of an instruction that stands in one line: at which byte of the file, and what."""

    start: int
    text: bytes


class Instruction(NamedTuple):
    """An instruction.

    Args:
        line: its first line, counted from 1.
        pieces: what it stands in.
        text: all of that.
        syntax: what it says.
        bodies: the lines of its heredocs, each with the line that ends it.

    """

    line: int
    pieces: tuple[Piece, ...]
    text: str
    syntax: Syntax
    bodies: bytes


class Instructions(NamedTuple):
    """The instructions of a Dockerfile, and its escape character."""

    instructions: tuple[Instruction, ...]
    escape: str


def read_instructions(content: bytes) -> Instructions:
    """Find the instructions.

    Raises:
        Unbuildable: a line is too long, a heredoc has no end, or the form of an instruction is wrong.

    """
    lines, directives = _Lines(content), _Directives()
    found = []
    while (line := lines.read()) is not None:
        text = without_indent(line.text.removeprefix(_BYTE_ORDER_MARK) if lines.number == 1 else line.text)
        if not directives.are_over:
            with AtLine(lines.number):
                directives.read(text)
        if text and not text.startswith(b"#"):
            found.append(_instruction(lines, line._replace(start=line.end - len(text), text=text), directives.escape))
    if lines.too_long:
        with AtLine(lines.number + 1):
            raise Unbuildable(f"the line is longer than {_LONGEST_LINE} bytes")
    if not found:
        raise Unbuildable("there is no instruction in it")
    return Instructions(tuple(found), directives.escape.decode())


class _Line(NamedTuple):
    """A line without its end; `start` and `end` are where its text is in the file."""

    start: int
    end: int
    text: bytes


class _Lines:
    """Reads a file line by line. `too_long` says that it ended before a line that is too long."""

    def __init__(self, content: bytes) -> None:
        self._lines = content.split(b"\n")
        if not self._lines[-1]:
            self._lines.pop()
        self._start = 0
        self.number = 0
        self.too_long = False

    def read(self) -> _Line | None:
        """Return the next line; nothing at the end."""
        if self.number == len(self._lines):
            return None
        raw = self._lines[self.number]
        if len(raw) > _LONGEST_LINE:
            self.too_long = True
            return None
        start = self._start
        text = raw.rstrip(b"\r")
        self._start += len(raw) + 1
        self.number += 1
        return _Line(start, start + len(text), text)


class _Directives:
    """Reads `# escape=…` and the like, which stand in front of everything else."""

    def __init__(self) -> None:
        self.escape = b"\\"
        self._seen: set[bytes] = set()
        self.are_over = False

    def read(self, line: bytes) -> None:
        """Read a line.

        Raises:
            Unbuildable: a directive stands there again, or says what it may not.

        """
        match = _DIRECTIVE.match(without_indent(line[1:])) if line.startswith(b"#") else None
        name = match[1].lower() if match else b""
        if not match or name not in _DIRECTIVES:
            self.are_over = True
            return
        if name in self._seen:
            raise Unbuildable(f"the directive {name.decode()} stands there twice")
        self._seen.add(name)
        value = match[2].strip(_DIRECTIVE_SPACES) or match[2][-1:]
        if name == b"escape" and value not in _ESCAPES:
            raise Unbuildable("the escape character is \\ or `")
        if name == b"escape":
            self.escape = value
        if name == b"check":
            _require_options(decode(value).split(" ")[0])


def _require_options(text: str) -> None:
    """See that `# check=…` has options that there are; what is behind a space does not count."""
    for option in text.split(";", 2) if text.strip(SPACES) else ():
        name, equals, value = option.partition("=")
        name, value = name.strip(SPACES), value.strip(SPACES)
        if not equals or name not in ("skip", "experimental", "error") or (name == "error" and value not in BOOLEANS):
            raise Unbuildable(f"check has no option {quoted(option)}")


def _instruction(lines: _Lines, first: _Line, escape: bytes) -> Instruction:
    """Read on to the end of an instruction, and of its heredocs."""
    number = lines.number
    body, goes_on = _continued(first.text, escape)
    pieces = [Piece(first.start, body)]
    while goes_on and (line := lines.read()) is not None:
        visible = without_indent(line.text)
        if visible and not visible.startswith(b"#"):
            body, goes_on = _continued(line.text, escape)
            pieces.append(Piece(line.start, body))
    text = decode(b"".join(piece.text for piece in pieces))
    with AtLine(number):
        syntax = parse(text, escape.decode())
        heredocs = heredocs_in(text) if "<<" in text and _may_have_heredocs(syntax) else []
        bodies = b"".join(_body(lines, heredoc) for heredoc in heredocs)
    return Instruction(number, tuple(pieces), text, syntax, bodies)


def _continued(line: bytes, escape: bytes) -> tuple[bytes, bool]:
    """Return the line without the escape character at its end, and whether one was there: then it goes on."""
    text = line.rstrip(b" \t")
    if text == escape or (text.endswith(escape) and not text.endswith(escape * 2)):
        return text[:-1], True
    return line, False


def _may_have_heredocs(syntax: Syntax) -> bool:
    inner = syntax.trigger or syntax
    return inner.keyword in _HEREDOC_KEYWORDS and not inner.is_json


def _body(lines: _Lines, heredoc: Heredoc) -> bytes:
    """Read a heredoc to the line that ends it, and return the lines."""
    name = encode(heredoc.name)
    body = []
    while (line := lines.read()) is not None:
        body.append(line.text)
        if (line.text.lstrip(b"\t") if heredoc.chomps else line.text) == name:
            return b"\n" + b"\n".join(body)
    raise Unbuildable(f"the heredoc {heredoc.name} has no end")
