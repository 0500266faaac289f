"""What a release consists of, as people write it; and what is wrong with it, before anything is sent."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from promoter.errors import WrongUsage
from promoter.http.deadline import Deadline
from promoter.model.configuration import Configuration
from promoter.model.reading import read_configuration
from promoter.model.request import ReleaseRequest
from promoter.promotion.places import Places
from promoter.release.listing import Pair, read_pairs
from promoter.release.planning import find_ways
from promoter.release.release import release

DIGEST = f"sha256:{'a' * 64}"
CONFIGURATION = """
environments:
  stage: {registry: stage.example.com, project: shop}
  prod: {registry: prod.example.com, project: shop}
  far: {registry: far.example.com, project: shop}
routes:
  - {from: stage, to: prod, images: [web, "api-*"]}
  - {from: stage, to: far, through: webhook, webhook: {api: "https://api.example.com", project: p, secret: "env:S"}}
"""


@pytest.fixture
def configuration() -> Configuration:
    """Three environments; the route to the third one hands over."""
    return read_configuration(CONFIGURATION, "promotion.yaml")


def pairs_of(text: str, tmp_path: Path, name: str = "release.txt") -> list[tuple[str, str]]:
    file = tmp_path / name
    file.write_text(text)
    return [(pair.source, pair.destination) for pair in read_pairs([str(file)])]


def test_lines_are_read_as_oc_image_mirror_reads_them(tmp_path: Path) -> None:
    text = f"""
# images of the release
ci.example.com/team/host-operator:v1 quay.io/team/host-operator:v1   # with a comment

  ci.example.com/team/app:v1   quay.io/team/app:v1 quay.io/team/app:latest
ci.example.com/team/app@{DIGEST} quay.io/team/app:pinned
ci.example.com/team/a:1=quay.io/team/a:1
ci.example.com/team/b:1=quay.io/team/b:1 ci.example.com/team/c:1=quay.io/team/c:1
ci.example.com/team/mysql:8* quay.io/team/mysql
"""
    assert pairs_of(text, tmp_path) == [
        ("ci.example.com/team/host-operator:v1", "quay.io/team/host-operator:v1"),
        ("ci.example.com/team/app:v1", "quay.io/team/app:v1"),
        ("ci.example.com/team/app:v1", "quay.io/team/app:latest"),
        (f"ci.example.com/team/app@{DIGEST}", "quay.io/team/app:pinned"),
        ("ci.example.com/team/a:1", "quay.io/team/a:1"),
        ("ci.example.com/team/b:1", "quay.io/team/b:1"),
        ("ci.example.com/team/c:1", "quay.io/team/c:1"),
        ("ci.example.com/team/mysql:8*", "quay.io/team/mysql"),
    ]


@pytest.mark.parametrize("name", ["release", "mapping_team_quay", "release.txt"])
@pytest.mark.parametrize("text", ["\ufeffa/b:1 c\n", "a/b:1 c\r\n", "a/b:1\tc", "a/b:1=c"])
def test_lines_may_be_written_anywhere(name: str, text: str, tmp_path: Path) -> None:
    assert pairs_of(text, tmp_path, name) == [("a/b:1", "c")]


@pytest.mark.parametrize("between", ["\u2028", "\x0b", "\x0c", "\x85", "\r"])
def test_nothing_but_a_line_feed_ends_a_comment(between: str, tmp_path: Path) -> None:
    assert pairs_of(f"a/b:1 c # not yet:{between}a/b:2 c\n", tmp_path) == [("a/b:1", "c")]


YAML = """
images:
  - source: stage/web:1.0
    destination: prod
  - source: stage/api:1.0
    destinations: [prod, far/api:stable]
"""


@pytest.mark.parametrize("name", ["release.yaml", "release.yml", "release.json"])
def test_structured_files(name: str, tmp_path: Path) -> None:
    images = [
        {"source": "stage/web:1.0", "destination": "prod"},
        {"source": "stage/api:1.0", "destinations": ["prod", "far/api:stable"]},
    ]
    text = json.dumps({"images": images}) if name.endswith("json") else YAML
    assert pairs_of(text, tmp_path, name) == [
        ("stage/web:1.0", "prod"),
        ("stage/api:1.0", "prod"),
        ("stage/api:1.0", "far/api:stable"),
    ]


def test_files_and_mappings_together(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("\nstage/web:1 prod\n")
    pairs = read_pairs(["stage/api:1=prod", str(tmp_path / "more.txt")])
    assert pairs == [
        Pair("stage/api:1", "prod", "stage/api:1=prod"),
        Pair("stage/web:1", "prod", f"{tmp_path}/more.txt, line 2"),
    ]


@pytest.mark.parametrize("line", ["stage/web:1", "a=b c", "a b=c", "=", "a=", "=b"])
def test_a_line_that_is_neither_is_named(line: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"release\.txt, line 3: this is neither"):
        pairs_of(f"# first\na/b:1 c\n{line}\n", tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("release.txt", "", "There are no images in"),
        ("release.txt", "# nothing\n\n", "There are no images in"),
        ("release.yaml", "images: []", "There are no images in"),
        ("release.yaml", "images: [{destination: prod}]", "source"),
        ("release.yaml", "images: [{source: a/b:1, target: prod}]", "target"),
        ("release.yaml", "- a/b:1", "release.yaml"),
        ("release.json", "{", "release.json"),
    ],
)
def test_a_file_without_a_release(name: str, text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage) as caught:
        pairs_of(text, tmp_path, name)
    assert said in caught.value.message


@pytest.mark.parametrize("text", ["images: [", "images: [{source: a/b:1, target: prod}]"])
def test_the_page_about_releases_says_what_a_file_may_have(text: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage) as caught:
        pairs_of(text, tmp_path, "release.yaml")
    assert "docs/releases.md" in caught.value.remedy


def test_an_image_that_goes_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"does not say where these go: a/b:2"):
        pairs_of("images: [{source: a/b:1, destination: c}, {source: a/b:2}]", tmp_path, "release.yaml")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, said in (("gone.txt", "No such file or directory"), ("", "Is a directory"), ("binary", "no UTF-8 text")):
        with pytest.raises(WrongUsage, match=f"cannot be read: .*{said}") as caught:
            read_pairs([str(tmp_path / name)])
        assert "SOURCE=DESTINATION" in caught.value.remedy  # whoever wrote two words, as for a single image
    with pytest.raises(WrongUsage, match="cannot be read: embedded null byte"):
        read_pairs(["release\0.txt"])


def test_a_file_without_end_is_not_read_to_it() -> None:
    with pytest.raises(WrongUsage, match="/dev/zero cannot be read: it has more than 16777216 bytes"):
        read_pairs(["/dev/zero"])


def test_a_name_without_end_is_refused_at_once_and_not_shown(tmp_path: Path) -> None:
    begun = time.process_time()
    with pytest.raises(WrongUsage) as caught:
        pairs_of(f"stage/web:1 prod\nstage/web:1 prod/{'x' * 1_000_000}:1", tmp_path)
    assert caught.value.message == f"{tmp_path}/release.txt, line 2: an image has more than 1024 characters."
    assert time.process_time() - begun < 1


def refused(configuration: Configuration, *images: str, selector: str | None = None) -> str:
    """Release what cannot be released, where nothing can be reached; return the message."""
    with closing(Places(configuration, Deadline(5), print)) as places, pytest.raises(WrongUsage) as caught:
        release(ReleaseRequest(images=images, selector=selector), places)
    return caught.value.message


@pytest.mark.parametrize(
    ("images", "said"),
    [
        pytest.param(
            ["stage/web:1=prod", "stage/web:2=prod/web:1"],
            "Two sources are to become prod.example.com/shop/web:1: stage.example.com/shop/web:1 (stage/web:1=prod) "
            "and stage.example.com/shop/web:2 (stage/web:2=prod/web:1).",
            id="two sources for one destination",
        ),
        pytest.param(
            ["a.example.com/x:1=b.example.com/x:1", "b.example.com/x:1=c.example.com/x:1"],
            "b.example.com/x:1 is a source (b.example.com/x:1=c.example.com/x:1) and a destination "
            "(a.example.com/x:1=b.example.com/x:1).",
            id="a chain",
        ),
        pytest.param(
            ["a.example.com/x:1=b.example.com/x:1", "b.example.com/x:1=a.example.com/x:1"], "is a source", id="a circle"
        ),
        pytest.param(["a.example.com/x:1=a.example.com/x:1"], "is a source", id="to itself"),
        pytest.param(["staging/web:1=prod"], "staging/web:1=prod: ", id="no such environment at the source"),
        pytest.param(["stage/web:1=production"], "stage/web:1=production: ", id="no such environment"),
        pytest.param(["stage/web:1=far"], "hands over to production's pipeline", id="a route that hands over"),
        pytest.param(["stage/cron:1=prod"], "takes web, api-*, not cron", id="an image that the route does not take"),
        pytest.param(["stage/web=prod"], "names neither tag nor digest", id="a source without a tag"),
        pytest.param([f"stage/web:1=prod/web@{DIGEST}"], "names a digest", id="a destination by digest"),
        pytest.param([f"stage/web@{DIGEST}=prod"], "names no tag", id="a digest without a tag to become"),
        pytest.param(["stage/web:1=prod/web:sha256-a"], "is no tag to promote to", id="a tag that has a use"),
        pytest.param(["stage/we*:1=prod"], "names no cluster", id="names that cannot be listed"),
        pytest.param(["a.example.com/*:1=b.example.com/x"], "from one environment to another alone", id="a wild host"),
        pytest.param(["stage/web:*=prod/web:1"], "names one tag", id="many tags that become one"),
        pytest.param(["stage/we*=prod"], "has a pattern, but no tag", id="a pattern without a tag"),
    ],
)
def test_what_contradicts_itself_is_refused_before_anything_is_sent(
    images: list[str], said: str, configuration: Configuration
) -> None:
    assert said in refused(configuration, *images)


def test_selectors_need_environments_and_labels(configuration: Configuration) -> None:
    assert "an image is named, but --selector chooses them" in refused(
        configuration, "stage/web:1=prod", selector="a=b"
    )
    assert "The selector is empty" in refused(configuration, "stage=prod", selector=" ")


def test_no_password_is_shown(configuration: Configuration) -> None:
    message = refused(configuration, "bob:hidden@a.example.com/x:1=bob:hidden@b.example.com/x:1")
    assert "hidden" not in message


def test_the_same_pair_twice_is_one(configuration: Configuration) -> None:
    pairs = read_pairs(["stage/web:1=prod", "stage/web:1=prod/web:1"])
    with closing(Places(configuration, Deadline(5), print)) as places:
        assert len(find_ways(pairs, ReleaseRequest(images=()), places)) == 1


def test_a_route_the_other_way_is_named_once(configuration: Configuration) -> None:
    said: list[str] = []
    pairs = read_pairs(f"prod/api-{number}:1=stage" for number in range(3))
    with closing(Places(configuration, Deadline(5), said.append)) as places:
        find_ways(pairs, ReleaseRequest(images=()), places)
    assert said == ["the configuration has a route from stage to prod, not this way"]


def test_ten_thousand_lines_take_ten_times_as_long_as_a_thousand(configuration: Configuration, tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        lines = (f"stage/api-{number}:1 prod prod/api-{number}:live" for number in range(count))
        (tmp_path / "release.txt").write_text("\n".join(lines))
        with closing(Places(configuration, Deadline(60), print)) as places:
            begun = time.process_time()
            ways = find_ways(read_pairs([str(tmp_path / "release.txt")]), ReleaseRequest(images=()), places)
            assert len(ways) == 2 * count
            return time.process_time() - begun

    seconds(100)
    assert seconds(10_000) < 25 * seconds(1_000)
