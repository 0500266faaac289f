"""Dockerfiles composed at random: some good, some not, and all of them awkward."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

_NAMES = ("A", "B", "V", "TARGETARCH", "BUILDPLATFORM", "TARGETSTAGE", "none")
_IMAGES = ("alpine", "registry.example.com/team/app:1.2", "localhost:5000/a", "scratch", "build", "base", "1")
_NO_IMAGES = ("Build", "a@b", "''", "$none", "a//b")
_STAGES = ("build", "Build", "base", "final", "scratch", "context", "b.u-i_ld")
_NO_STAGES = ("0x", "tést", "a b")
_LITERALS = ("a", "b.c", "1", "x/y", "'q'", '"d"', '"$A"', "\\a", '"\\a"', "-b", "`", "}")
_AWKWARD_LITERALS = ("-", ":", "a*", "\\*", "é", "'$A'", "\\$A", "\\", " ", "$", '"', "'")
_OPERATORS = (":-", "-", ":+", "+", "#", "##", "%", "%%", "/", "//")
_AWKWARD_OPERATORS = (":?", "?", ":", ":#", "=", "")
_PATTERNS = ("*", "?", "*.", ".*", "a*b", "a?", "b", "**", "\\*", "\\?", "\\}", "'*'", '"a*"', "", "$A", "?*.?")
_AWKWARD_PATTERNS = ("\\a", "a/b", '"\\*"', "'\\*'", '"\\\\*"', "\\\\", "{")
_VALUES = ("a", "aab", "a.b.c", "registry.example.com/team/app", "1.2.3", "", "a/b/c", "'a'", "$A-$B", '"x"y', "abab")
_AWKWARD_VALUES = ("a*b", '"a b"', "a\\ b", "a\\*b", "A", "'")
_SOURCES = ("0", "build", "BUILD", "base", "alpine", "scratch", "")
_AWKWARD_SOURCES = ("1", "2", "+0", "-1", "final", "$A", "a b", "Alpine", '"0"', "99999999999999999999")
_PLATFORMS = (
    "linux/amd64",
    "$BUILDPLATFORM",
    "${TARGETPLATFORM}",
    "linux",
    "arm64",
    "linux/arm/v7",
    "linux/$TARGETARCH",
)
_NO_PLATFORMS = ("what", "a/b/c/d", "$none", "", "*/a", "linux(1+a%zz)/a")
_KEYWORDS = ("RUN", "run", "CMD", "ARG", "ENTRYPOINT", "LABEL x=", "ENV a=", "EXPOSE", "USER")
_AWKWARD_KEYWORDS = ("FROM", "COPY", "ENV", "LABEL", "ONBUILD", "HEALTHCHECK", "SHELL", "VOLUME", "ADD", "X")
_HEREDOCS = ("<<EOF", "<<-EOF", '<<"EOF"', "<<'EOF'", "3<<EOF", "<< EOF", "a <<EOF")
_AWKWARD_HEREDOCS = ("<<A <<B", "<<E$A", "<<'a b'", "<<", '<<"E', "<<<x", "a<<EOF", "${X:-a}<<EOF", "<<''EOF")
_FLAGS = ("--link", "--chown=a:b", "--exclude=a --exclude=b", '--chown="a b"', "--parents", "--link=FALSE")
_AWKWARD_FLAGS = ("--link=no", "--link=", "--from", "--unknown", "--", "--parents --parents", "--from=é", "--chown=à")
_RUN_FLAGS = (
    "--network=none",
    "--security=insecure",
    "--mount=type=cache,target=/x",
    '--mount=type=bind,\\"from=base\\"',
    "--device=x,required",
)
_AWKWARD_RUN_FLAGS = (
    "--network=what",
    '--mount=a\\"b',
    '--mount=\\"a\\"\\"b\\",from=alpine',
    "--mount=",
    "--device=x,y=z",
    "--device=name=x,name=y",
    "--device=required=x",
)
_OTHERS = (
    "ENV A=1 B=2",
    "ENV A 1",
    'LABEL "a b"=c',
    'CMD ["a"]',
    "CMD [",
    "CMD",
    'SHELL ["sh"]',
    "VOLUME /a /b",
    "EXPOSE 80",
    "WORKDIR /a b",
    "STOPSIGNAL 9",
    "MAINTAINER me",
    "HEALTHCHECK NONE",
    "HEALTHCHECK --interval=5s CMD a",
    "HEALTHCHECK --interval=1.5h3m CMD a",
    'HEALTHCHECK --retries=3 CMD ["a"]',
    "ONBUILD WHAT a",
    "ARG --x A",
)
_AWKWARD_OTHERS = (
    "ENV A",
    "ENV =1",
    "ENV A=1 B",
    "LABEL a=b c",
    "CMD [1]",
    "SHELL sh",
    "SHELL []",
    "VOLUME []",
    'VOLUME [" "]',
    "EXPOSE",
    "WORKDIR",
    "STOPSIGNAL --x",
    "HEALTHCHECK NONE a",
    "HEALTHCHECK --interval=1us CMD a",
    "HEALTHCHECK --interval=5 CMD a",
    "HEALTHCHECK --retries=-1 CMD a",
    "HEALTHCHECK CMD",
    "HEALTHCHECK WHAT a",
    "ONBUILD",
    "ONBUILD FROM a",
    "ONBUILD ONBUILD RUN a",
    "ONBUILD CMD [1]",
    "ONBUILD --x RUN a",
    "ARG",
    "ARG =1",
    "UNKNOWN a",
    "\\",
    "<<EOF",
    "ADD --from=alpine a /b",
)
_ENDS = ("\n", "\n", "\n", "\r\n", "\n\n", "\n  \n", "\n# FROM x\n", "\n\t# c\n")
_CONTINUATIONS = ("\\\n", "\\ \t\n", "\\\n# FROM c\n", "\\\n\n", "\\\r\n", "\\\n  \t# c\n \n")
_AWKWARD_CONTINUATIONS = ("`\n", "\\\\\n", "\n", "\\\n\\\n")
_DIRECTIVES = (
    "# escape=`",
    "# escape=\\",
    "#syntax=docker/dockerfile:1",
    "# check=skip=all",
    "# Escape = `",
    "# escape=`\n# syntax=a",
)
_AWKWARD_DIRECTIVES = (
    "# escape = x",
    "# check=x",
    "# escape=`\n# escape=`",
    "# a=b\n# escape=`",
    "# check=error=1;skip=a",
)
_REPLACEMENTS = ("", "r", "$$", "$0", "\\$0", "$A", "\\}", "'$0'", "${B}")
_BODIES = ("FROM x", "\tFROM x\n\tEOF", "a\nA\nFROM b\nB", "a\nEOF ", "# a", "FROM a \\")
_NOISE = (
    "\\",
    "`",
    '"',
    "'",
    "$",
    "{",
    "}",
    "<<",
    "#",
    " ",
    "\t",
    "\n",
    "\x00",
    "\u00a0",
    "\ufeff",
    "\x85",
    "é",
    "=",
    ",",
    "\x1c",
    "FROM ",
)


def compose(random: Random) -> bytes:
    """Compose one."""
    text = "".join(f"{_broken(random, line)}{random.choice(_ENDS)}" for line in _lines(random))
    if random.random() < 0.1:
        text = text.rstrip("\n")
    if random.random() < 0.1:
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(_NOISE) + text[at:]
    content = text.encode()
    if random.random() < 0.03:
        at = random.randrange(len(content) + 1)
        content = content[:at] + bytes([random.randrange(128, 256)]) + content[at:]
    return (b"\xef\xbb\xbf" if random.random() < 0.05 else b"") + content


def _pick(random: Random, usual: Sequence[str], awkward: Sequence[str], share: float = 0.04) -> str:
    """Pick what is mostly taken, or now and then what is mostly refused."""
    return random.choice(awkward if random.random() < share else usual)


def _lines(random: Random) -> list[str]:
    lines = []
    if random.random() < 0.2:
        lines.append(_pick(random, _DIRECTIVES, _AWKWARD_DIRECTIVES, 0.1))
    lines += [_argument(random) for _ in range(random.randint(0, 3))]
    for _ in range(random.randint(1, 4)):
        lines.append(_from(random))
        lines += [_command(random) for _ in range(random.randint(0, 3))]
    return lines


def _argument(random: Random) -> str:
    pairs = [f"{random.choice(_NAMES)}{random.choice(('', '=' + _value(random)))}" for _ in range(random.randint(1, 2))]
    return f"{random.choice(('ARG', 'ARG', 'arg'))} {' '.join(pairs)}"


def _value(random: Random) -> str:
    return _pick(random, _VALUES, _AWKWARD_VALUES, 0.1) if random.random() < 0.7 else _word(random)


def _from(random: Random) -> str:
    image = _pick(random, _IMAGES, _NO_IMAGES) if random.random() < 0.5 else f"a{_word(random)}"
    platform = f"--platform={_pick(random, _PLATFORMS, _NO_PLATFORMS)} " if random.random() < 0.2 else ""
    word = random.choice(("AS", "as", "a\u017f"))  # the long s is an s to Go
    name = f" {word} {_pick(random, _STAGES, _NO_STAGES)}" if random.random() < 0.5 else ""
    return f"{random.choice(('FROM', 'FROM', 'from', ' FROM'))} {platform}{image}{name}"


def _word(random: Random, depth: int = 0) -> str:
    parts = [
        _pick(random, _LITERALS, _AWKWARD_LITERALS),
        f"${random.choice(_NAMES)}",
        _substitution(random, depth),
    ]
    return "".join(random.choices(parts, k=random.randint(1, 3)))


def _substitution(random: Random, depth: int) -> str:
    operator = _pick(random, _OPERATORS, _AWKWARD_OPERATORS)
    operand = _pick(random, _PATTERNS, _AWKWARD_PATTERNS)
    if depth < 2 and random.random() < 0.2:
        operand = _word(random, depth + 1)
    if operator.startswith("/"):
        operand += f"/{random.choice(_REPLACEMENTS)}"
    return f"${{{random.choice(_NAMES)}{operator}{operand}}}"


def _command(random: Random) -> str:
    onbuild = "ONBUILD " if random.random() < 0.2 else ""
    match random.randrange(6):
        case 0:
            return _pick(random, _OTHERS, _AWKWARD_OTHERS)
        case 1:
            return f"{_pick(random, _KEYWORDS, _AWKWARD_KEYWORDS)} {_word(random)}{_word(random)}"
        case 2:
            flag = _pick(random, _RUN_FLAGS, _AWKWARD_RUN_FLAGS)
            source = _pick(random, _SOURCES, _AWKWARD_SOURCES)
            return f"{onbuild}RUN {flag} --mount=from={source},target=/x a"
        case 3:
            flag = _pick(random, _FLAGS, _AWKWARD_FLAGS) if random.random() < 0.3 else "--link"
            return f"{onbuild}COPY {flag} --from={_pick(random, _SOURCES, _AWKWARD_SOURCES)} a /b"
        case 4:
            heredoc = _pick(random, _HEREDOCS, _AWKWARD_HEREDOCS, 0.1)
            keyword = random.choice(("RUN", "COPY", "ADD"))
            target = _pick(random, ("/b",), ("", "/b <<EOF"))
            return f"{onbuild}{keyword} {heredoc} {target}\n{random.choice(_BODIES)}\nEOF"
    return _argument(random)


def _broken(random: Random, line: str) -> str:
    """Break a line somewhere."""
    if random.random() > 0.15:
        return line
    at = random.choice([index for index, character in enumerate(line) if character == " "] or [0])
    return line[:at] + _pick(random, _CONTINUATIONS, _AWKWARD_CONTINUATIONS, 0.1) + line[at:]
