"""Other images are written into a Dockerfile, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from promoter.dockerfiles.reading import read_dockerfile
from promoter.dockerfiles.rewriting import rewrite_bases
from promoter.errors import WrongUsage
from tests.dockerfiles.composing import compose
from tests.dockerfiles.truth import cases

NEW = "registry.example.com/product/base:9"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM a\n", f"FROM {NEW}\n"),
        ("FROM a", f"FROM {NEW}"),
        ("FROM a AS b # c\n".replace(" # c", ""), f"FROM {NEW} AS b\n"),
        ("\ufefffrom\ta\t aS  b  \r\nRUN c\r\n", f"\ufefffrom\t{NEW}\t aS  b  \r\nRUN c\r\n"),
        ("FROM --platform=linux/amd64  a as a\n", f"FROM --platform=linux/amd64  {NEW} as a\n"),
        ("# escape=`\nFROM `\n# a\n a `\n AS b", f"# escape=`\nFROM `\n# a\n {NEW} `\n AS b"),
        ("FROM al\\\n# c\n\npi\\\nne AS b\n", f"FROM \\\n# c\n\n\\\n{NEW} AS b\n"),
        ("FROM \\\na\\\n\n", f"FROM \\\n{NEW}\\\n\n"),
        ('FROM "a:1"\n', f"FROM {NEW}\n"),
        ("ARG A=a\nFROM $A\nRUN $A\n", f"ARG A=a\nFROM {NEW}\nRUN $A\n"),
        ("ARG A=1\nFROM a:${A:-2} AS x\n", f"ARG A=1\nFROM {NEW} AS x\n"),
        ("  FROM -- a\nRUN <<E\nFROM a\nE\n", f"  FROM -- {NEW}\nRUN <<E\nFROM a\nE\n"),
        ("\u00a0FROM a \u00a0\n# é\n", f"\u00a0FROM {NEW} \u00a0\n# é\n"),
    ],
)
def test_the_image_alone_is_replaced(before: str, after: str) -> None:
    assert rewrite_bases(before.encode(), {0: NEW}) == after.encode()


def test_several_stages_are_rewritten_and_others_are_not() -> None:
    content = b"FROM a AS x\nFROM x\nFROM b\nCOPY --from=a c d\nFROM a\n# \xff\n"
    rewritten = rewrite_bases(content, {0: "c:1", 3: "d:2"})
    assert rewritten == b"FROM c:1 AS x\nFROM x\nFROM b\nCOPY --from=a c d\nFROM d:2\n# \xff\n"


def test_a_base_that_is_so_already_stays_as_it_is_written() -> None:
    content = b"ARG A=a:1\nFROM $A\n"
    assert rewrite_bases(content, {0: "a:1"}) == content
    assert rewrite_bases(content, {}) == content


@pytest.mark.parametrize(
    ("content", "bases", "message"),
    [
        (b"FROM a AS x\nFROM x\n", {1: "b"}, "Dockerfile:2: stage 1 is built on stage 0, not on an image."),
        (b"FROM a\n", {1: "b"}, "Dockerfile: there is no stage 1."),
        (b"FROM a\n", {-1: "b"}, "Dockerfile: there is no stage -1."),
        (b"FROM a\n", {0: "b c"}, "Dockerfile:1: 'b c' is not the name of an image."),
        (b"FROM a\n", {0: "$B"}, "Dockerfile:1: '$B' is not the name of an image."),
        (b"FROM a\n", {0: ""}, "Dockerfile:1: '' is not the name of an image."),
        (
            b"FROM a AS x\nFROM b\n",
            {1: "x"},
            "Dockerfile: other images cannot be written into it without changing more.",
        ),
        (b"FORM a\n", {0: "b"}, "Dockerfile:1: there is no instruction FORM."),
    ],
)
def test_what_cannot_be_rewritten_is_refused(content: bytes, bases: dict[int, str], message: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        rewrite_bases(content, bases)
    assert refused.value.message == message


def readable() -> Iterator[bytes]:
    """Yield the cases, and files composed at random, that BuildKit takes and that have an image to rewrite."""
    random = Random(3)
    for content in (*cases().values(), *(compose(random) for _ in range(1500))):
        try:
            read_dockerfile(content, "Dockerfile")
        except WrongUsage:
            continue
        yield content


def test_whatever_is_read_can_be_rewritten() -> None:
    """Each stage's image is replaced by itself, and put back, which gives the same file where it was one word."""
    rewritten = 0
    for content in readable():
        for stage in read_dockerfile(content, "Dockerfile").stages:
            if stage.stage_ref is not None:
                continue
            changed = rewrite_bases(content, {stage.index: NEW})
            rewritten += 1
            if stage.written.encode(errors="surrogateescape") in content:
                assert len(changed) - len(content) == len(NEW) - len(stage.written.encode(errors="surrogateescape"))
            if stage.written == stage.base and stage.base.encode() in content:
                assert rewrite_bases(changed, {stage.index: stage.base}) == content
    assert rewritten > 500
