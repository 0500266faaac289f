"""Words with variables, quotes and escapes in them, as frontend/dockerfile/shell/lex.go of BuildKit reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from promoter.dockerfiles.characters import SPACES
from promoter.dockerfiles.patterns import bounded, replaced, without_prefix, without_suffix
from promoter.dockerfiles.unbuildable import Unbuildable

_DEEPEST = 100
"""How deep `${V:-${V:-…}}` may be nested here."""

_BYTE_ORDER_MARK = "\ufeff"
_HEREDOC = re.compile(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)")
_SPECIAL_NAMES = "@*#?-$!0"


class Heredoc(NamedTuple):
    """A `<<WORD` in an instruction.

    Args:
        name: the line that ends it.
        chomps: whether tabs in front of its lines do not count.

    """

    name: str
    chomps: bool


def expand(word: str, variables: Mapping[str, str], escape: str) -> str:
    """Return the word with variables filled in, without quotes and escapes.

    Raises:
        Unbuildable: a substitution is malformed or asks for what is not there, or a quote is not closed.

    """
    return _Lexer(word, variables, escape).read()[0]


def heredocs_in(line: str) -> list[Heredoc]:
    """Return the heredocs that an instruction begins.

    Raises:
        Unbuildable: the word of one is malformed.

    """
    try:
        words = _Lexer(line, {}, "\\", raw_quotes=True, raw_escapes=True, keeps_unset=True).read()[1]
    except Unbuildable:
        return []  # the line is the shell's, which may read it in another way
    return [heredoc for word in words if (heredoc := heredoc_of(word))]


def heredoc_of(word: str) -> Heredoc | None:
    """Return the heredoc that the word begins, if it does.

    Raises:
        Unbuildable: the word is malformed.

    """
    match = _HEREDOC.fullmatch(word)
    if not match or not match[3]:
        return None
    words = _Lexer(match[3], {}, "\\", keeps_unset=True).read()[1]
    return Heredoc(words[0], chomps=bool(match[2])) if len(words) == 1 else None


class _Lexer:
    """Reads a text once from its beginning to its end.

    Args:
        text: what is read.
        variables: the values to fill in.
        escape: the character that takes the next one's meaning away.
        raw_quotes: whether quotes stay.
        raw_escapes: whether escapes stay.
        keeps_unset: whether variables without a value stay.

    """

    def __init__(
        self,
        text: str,
        variables: Mapping[str, str],
        escape: str,
        *,
        raw_quotes: bool = False,
        raw_escapes: bool = False,
        keeps_unset: bool = False,
    ) -> None:
        self._text = text.removeprefix(_BYTE_ORDER_MARK)
        self._variables = variables
        self._escape = escape
        self._raw_quotes = raw_quotes
        self._raw_escapes = raw_escapes
        self._keeps_unset = keeps_unset
        self._at = 0
        self._depth = 0
        self._length = 0
        self._word: list[str] = []

    def read(self) -> tuple[str, list[str]]:
        """Return all of it as one, and the words that it has."""
        return self._until("", raw_escapes=self._raw_escapes, in_pattern=False)

    def _peek(self) -> str:
        """Return the next character, or nothing at the end."""
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        character = self._peek()
        self._at += 1
        return character

    def _until(self, stop: str, *, raw_escapes: bool, in_pattern: bool) -> tuple[str, list[str]]:
        """Read up to a character, or to the end if there is none to stop at.

        A word begun outside of braces is forgotten inside of them, as BuildKit forgets it.
        """
        outer, self._raw_escapes = self._raw_escapes, raw_escapes
        self._word.clear()
        result: list[str] = []
        words = _Words(self._word)
        while (character := self._peek()) and character != stop:
            result.append(self._piece(character, words, in_pattern=in_pattern))
        if stop and not character:
            raise Unbuildable(f"{stop} is missing")
        self._at += 1
        self._raw_escapes = outer
        return "".join(result), words.all()

    def _piece(self, character: str, words: _Words, *, in_pattern: bool) -> str:
        """Read what begins with the character, and return what it stands for."""
        if character == "$":
            piece = self._variable()
            words.add(piece)
        elif character == "<":
            piece = self._possible_heredoc()
            words.add_raw(piece)
        elif character == "'":
            piece = self._single_quoted(in_pattern=in_pattern)
            words.add_raw(piece)
        elif character == '"':
            piece = self._double_quoted(in_pattern=in_pattern)
            words.add_raw(piece)
        elif character == self._escape:
            piece = self._escaped()
            words.add_raw(piece)
        else:
            piece = self._next()
            words.add(piece)
        return piece

    def _escaped(self) -> str:
        escape = self._next()
        return (escape if self._raw_escapes else "") + self._next()

    def _possible_heredoc(self) -> str:
        """Read `<`, or `<<` with the spaces behind, which belong to the heredoc's word."""
        self._at += 1
        if self._peek() != "<":
            return "<"
        self._at += 1
        begin = self._at
        while self._peek() in ("\t", "\r", " "):
            self._at += 1
        return "<<" + self._text[begin : self._at]

    def _single_quoted(self, *, in_pattern: bool) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise Unbuildable("a single quote is not closed")
        inner = self._text[self._at + 1 : end]
        self._at = end + 1
        if in_pattern:
            inner = inner.replace(self._escape, self._escape * 2)
        return f"'{inner}'" if self._raw_quotes else inner

    def _double_quoted(self, *, in_pattern: bool) -> str:
        quote = '"' if self._raw_quotes else ""
        result = [quote]
        self._at += 1
        while (character := self._peek()) != '"':
            if not character:
                raise Unbuildable("a double quote is not closed")
            if character == "$":
                result.append(self._variable())
            elif character == self._escape:
                result.append(self._escaped_in_quotes(in_pattern=in_pattern))
            else:
                result.append(self._next())
        self._at += 1
        return "".join([*result, quote])

    def _escaped_in_quotes(self, *, in_pattern: bool) -> str:
        """Read an escape, which is a character like others in front of most characters."""
        escape, following = self._next(), self._peek()
        if not following:
            return ""
        if following in ('"', "$", self._escape):
            return (escape if self._raw_escapes else "") + self._next()
        doubled = self._raw_escapes and (in_pattern or not self._raw_quotes)
        return escape * 2 if doubled else escape

    def _variable(self) -> str:
        """Read `$NAME` or `${…}`, and return what it stands for."""
        self._at += 1
        if self._peek() == "{":
            self._depth += 1
            if self._depth > _DEEPEST:
                raise Unbuildable(f"substitutions are nested deeper than {_DEEPEST}")
            value = self._substitution()
            self._depth -= 1
        else:
            value = self._plain(self._name(), "$")
        self._length = bounded(self._length + len(value))
        return value

    def _plain(self, name: str, before: str, after: str = "") -> str:
        if not name and not after:
            return "$"
        if name not in self._variables and self._keeps_unset:
            return f"{before}{name}{after}"
        return self._variables.get(name, "")

    def _name(self) -> str:
        """Read a name; what begins with a digit has digits alone, and some names are one character."""
        first = self._peek()
        begin = self._at
        if first.isdecimal():
            while self._peek().isdecimal():
                self._at += 1
        elif first and first in _SPECIAL_NAMES:
            self._at += 1
        else:
            while (character := self._peek()).isalpha() or character.isdecimal() or character == "_":
                self._at += 1
        return self._text[begin : self._at]

    def _substitution(self) -> str:
        """Read `{…}`."""
        self._at += 1
        if self._peek() in ("", "{", "}", ":"):
            raise Unbuildable("a substitution has no name, or } is missing")
        name = self._name()
        operator = self._next()
        if operator == "}":
            return self._plain(name, "${", "}")
        if operator == "/":
            return self._replaced(name)
        null_is_unset = operator == ":"
        if null_is_unset:
            operator = self._next()
        cuts = operator in ("#", "%")
        if not operator or (operator not in "+-?#%" and not null_is_unset) or (null_is_unset and cuts):
            raise Unbuildable(f"${{{name}… has an operator that there is not")
        word, _ = self._until("}", raw_escapes=cuts, in_pattern=cuts)
        if self._keeps_unset and name not in self._variables:
            return f"${{{name}{':' if null_is_unset else ''}{operator}{word}}}"
        if cuts:
            return self._cut(self._variables.get(name, ""), operator, word)
        return self._chosen(name, operator, word, null_is_unset=null_is_unset)

    def _chosen(self, name: str, operator: str, word: str, *, null_is_unset: bool) -> str:
        """Return the value, or the word for it, by whether there is a value."""
        value = self._variables.get(name)
        is_set = bool(value) if null_is_unset else value is not None
        if operator == "-":
            return value or "" if is_set else word
        if operator == "+":
            return word if is_set else ""
        if operator != "?":
            raise Unbuildable(f"${{{name}… has an operator that there is not")
        if not is_set:
            raise Unbuildable(f"{name}: {word or 'it must have a value'}")
        return value or ""

    @staticmethod
    def _cut(value: str, operator: str, word: str) -> str:
        longest = word.startswith(operator)
        pattern = word.removeprefix(operator)
        cut = without_prefix if operator == "#" else without_suffix
        return cut(value, pattern, longest=longest)

    def _replaced(self, name: str) -> str:
        """Read what is behind `${NAME/`."""
        everywhere = self._peek() == "/"
        if everywhere:
            self._at += 1
        pattern, _ = self._until("/", raw_escapes=True, in_pattern=True)
        replacement, _ = self._until("}", raw_escapes=True, in_pattern=False)
        if self._keeps_unset and name not in self._variables:
            return f"${{{name}/{pattern}/{replacement}}}"
        return replaced(self._variables.get(name, ""), pattern, replacement, everywhere=everywhere)


class _Words:
    """Collects the words of a text.

    Args:
        word: the characters of the word that is read; shared with those who read inside of braces.

    """

    def __init__(self, word: list[str]) -> None:
        self._word = word
        self._words: list[str] = []

    def add(self, text: str) -> None:
        """Add what spaces divide."""
        for character in text:
            if character not in SPACES:
                self._word.append(character)
            elif self._word:
                self.all()

    def add_raw(self, text: str) -> None:
        """Add what nothing divides."""
        self._word.append(text)

    def all(self) -> list[str]:
        """End the word, and return all words."""
        if any(self._word):
            self._words.append("".join(self._word))
            self._word.clear()
        return self._words
