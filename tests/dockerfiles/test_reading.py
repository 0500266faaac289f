"""Dockerfiles are read as BuildKit reads them."""

from __future__ import annotations

import time
from random import Random

import pytest

from promoter.dockerfiles.reading import Dockerfile, Source, Stage, read_dockerfile
from promoter.errors import WrongUsage
from tests.dockerfiles.composing import compose
from tests.dockerfiles.truth import cases, comparable, expected, outcome_here

CASES = cases()
EXPECTED = expected()
IMAGE = "registry.example.com/team/app:1"
LONGEST_LINE = 65535


def refusal(content: str | bytes) -> str:
    with pytest.raises(WrongUsage) as refused:
        read_dockerfile(content.encode() if isinstance(content, str) else content, "web/Dockerfile")
    assert "BuildKit" in refused.value.remedy
    return refused.value.message


def test_each_case_has_an_outcome() -> None:
    assert CASES.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_read_as_buildkit_reads_it(name: str) -> None:
    assert outcome_here(CASES[name]) == comparable(EXPECTED[name])


def test_all_that_is_read() -> None:
    content = (
        "ARG TAG=1\nFROM --platform=$BUILDPLATFORM registry.example.com/team/builder:${TAG:-2} AS Build\n"
        "RUN --mount=from=busybox,target=/b make\nFROM build\nCOPY --from=0 a b\n"
    )
    builder = "registry.example.com/team/builder"
    assert read_dockerfile(content.encode(), "Dockerfile") == Dockerfile(
        "Dockerfile",
        (
            Stage(0, "build", f"{builder}:1", "linux/amd64", None, 2, f"{builder}:${{TAG:-2}}"),
            Stage(1, None, "build", None, 0, 4, "build"),
        ),
        (Source(0, "busybox", None, 3), Source(1, "0", 0, 5)),
    )


def test_another_platform_is_filled_in() -> None:
    content = b"FROM --platform=$TARGETPLATFORM alpine:$TARGETARCH$TARGETVARIANT\n"
    (stage,) = read_dockerfile(content, "Dockerfile", "linux/arm/v7").stages
    assert (stage.base, stage.platform) == ("alpine:armv7", "linux/arm/v7")


def test_what_is_refused_is_named_with_file_and_line() -> None:
    assert refusal("FROM a\n\nWHAT b\n") == "web/Dockerfile:3: there is no instruction WHAT."


def test_what_is_wrong_as_a_whole_has_no_line() -> None:
    assert refusal("ARG A\n") == "web/Dockerfile: there is no FROM in it."


def test_a_line_may_be_as_long_as_buildkit_holds() -> None:
    longest = "#".ljust(LONGEST_LINE, "x")
    assert len(read_dockerfile(f"FROM a\n{longest}\nFROM b\n".encode(), "Dockerfile").stages) == 2
    assert refusal(f"FROM a\nRUN b\n{longest}x\nFROM b\n") == "web/Dockerfile:3: the line is longer than 65535 bytes."
    assert refusal(f"{longest}x\nFROM b\n") == "web/Dockerfile:1: the line is longer than 65535 bytes."


def test_values_that_contain_each_other_do_not_fill_the_memory() -> None:
    doubling = "".join(f"ARG V{number + 1}=$V{number}$V{number}\n" for number in range(60))
    assert "a value gets longer than" in refusal(f"ARG V0=aaaa\n{doubling}FROM x:$V60\n")


def test_substitutions_are_not_nested_without_an_end() -> None:
    assert "nested deeper than" in refusal(f"FROM {'${A:-' * 5000}b{'}' * 5000}\n")
    assert refusal(f"FROM a\n{'ONBUILD ' * 5000}RUN b\n").endswith(":2: ONBUILD does not take ONBUILD.")
    assert read_dockerfile(f"FROM a\nRUN {'[' * 5000}\n".encode(), "Dockerfile").stages


def test_a_pattern_takes_no_longer_than_its_value() -> None:
    value, pattern = "a" * 30_000, "*a" * 50
    begun = time.process_time()
    content = f"ARG V={value}\nARG W=${{V//{pattern}b/}}${{V##{pattern}b}}${{V%%b{pattern}}}\nFROM a\n"
    assert "a value gets longer than" in refusal(content)
    assert time.process_time() - begun < 2


def test_250_large_files_are_read_in_seconds() -> None:
    instructions = 'ENV A=1 B="2" \\\n  C=3\nRUN <<EOF\nFROM x\nEOF\nCOPY --chown=a:b c d\n' * 20
    content = f"ARG TAG=1\nFROM {IMAGE} AS build\n{instructions}FROM {IMAGE}:${{TAG}}\n".replace(":1:", ":").encode()
    begun = time.process_time()
    for _ in range(250):
        assert len(read_dockerfile(content, "Dockerfile").stages) == 2
    assert time.process_time() - begun < 5


def test_no_composed_file_ends_in_a_defect() -> None:
    random = Random(2)
    outcomes = [outcome_here(compose(random)) for _ in range(2000)]
    assert sum("stages" in outcome for outcome in outcomes) > 400
    assert sum("line" in outcome for outcome in outcomes) > 400
