"""`promoter describe` with a cluster: what a tag was, where it comes from, and what promoted it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.streams.conftest import DIGESTS, TAGGER, TOKEN, Live, Streams, image
from tests.support.cluster import set_tags

A, B = DIGESTS[:2]
INTERNAL = "image-registry.openshift-image-registry.svc:5000"


def events(stream: dict[str, Any]) -> list[tuple[str, bool, str | None]]:
    """Return digest, whether it is the current one, and the action that its record tells of."""
    return [
        (event["digest"], event["current"], event["promoted"] and event["promoted"]["action"])
        for event in stream["events"]
    ]


def describe(live: Live) -> dict[str, Any]:
    return live.streams.run("describe", live.reference).result


@pytest.mark.statement("W6")
def test_a_tags_source_and_digests_are_described_with_what_promoted_each(both: Live) -> None:
    first, second = both.promoted(), both.promoted(2)
    assert both.rollback().exit_code == 0
    result = describe(both)
    assert (result["digest"], result["restorable"]) == (first.digest, [second.digest])
    stream = result["stream"]
    assert stream["tag"] == both.reference
    assert events(stream) == [
        (first.digest, True, "rolled-back"),
        (second.digest, False, "promoted"),
        (first.digest, False, "promoted"),
    ]
    assert all(event["at"].endswith("Z") for event in stream["events"])
    assert stream["noted"]["record"] == result["promoted"]["record"]


@pytest.mark.statement("W6")
def test_people_get_a_table(live: Live) -> None:
    first, second = live.promoted(), live.push(2)
    assert live.promote("--force", "--requested-by", "alice").exit_code == 0
    stream = describe(live)["stream"]
    outcome = live.streams.run("describe", live.reference, json_output=False)
    lines = outcome.stdout.splitlines()
    begin = lines.index(f"  stream tag {live.reference}")
    assert lines[begin + 1] == f"  source     {live.host}/shop/{live.name}@{second.digest}"
    promoted = [event["promoted"] for event in stream["events"]]
    assert lines[begin + 2 :] == [
        f"  {mark} {event['digest']}  {event['at']}  promoted {record['at']} by {record['requested_by']}, "
        f"from {record['source']}"
        for mark, event, record in zip("* ", stream["events"], promoted, strict=True)
    ]
    assert promoted[0]["requested_by"] == "alice"
    assert promoted[1]["digest"] == first.digest


def test_what_promoter_tagged_is_told_by_its_notes(streams: Streams) -> None:
    made = image()
    assert streams.tag(streams.push(made), "prod/hello-app:dev", "--requested-by", "bob").exit_code == 0
    outcome = streams.run("describe", "prod/hello-app:dev")
    stream = outcome.result["stream"]
    assert stream["source"] == f"{streams.registry.host}/{streams.repository}@{made.digest}"
    assert stream["noted"]["requested_by"] == "bob"
    assert "only the image stream's tag can be described" in outcome.stderr
    words = streams.run("describe", "prod/hello-app:dev", json_output=False).stdout
    assert f"  bob, {stream['noted']['at']}, from {streams.reference()}@{made.digest}\n" in words


def test_the_notes_of_another_digest_are_no_notes(streams: Streams) -> None:
    assert streams.tag(streams.push(image()), "prod/web:1").exit_code == 0
    streams.cluster.push("shop", "web", "1", A)
    stream = streams.run("describe", "prod/web:1").result["stream"]
    assert stream["noted"] == {}
    assert "no record" in streams.run("describe", "prod/web:1", json_output=False).stdout.splitlines()[-2]


@pytest.mark.statement("W6")
def test_without_a_tag_all_are_listed(streams: Streams) -> None:
    streams.cluster.push("shop", "web", "2", A)
    streams.cluster.push("shop", "web", "2", B)
    assert streams.run("tag", f"prod/web@{A}", "prod/web:stable", "--requested-by", "bob").exit_code == 0
    result = streams.run("describe", "prod/web").result
    assert result["image"] == "prod/web"
    described = [(tag["tag"], tag["source"], [event["digest"] for event in tag["events"]]) for tag in result["tags"]]
    assert described == [("prod/web:2", None, [B, A]), ("prod/web:stable", f"shop/web@{A}", [A])]
    words = streams.run("describe", "prod/web", json_output=False).stdout.splitlines()
    assert words[0] == "prod/web"
    assert words[1].split() == ["TAG", "DIGEST", "SINCE", "SOURCE", "SET", "BY"]
    assert [line.split()[:2] for line in words[2:]] == [["prod/web:2", B], ["prod/web:stable", A]]
    assert [line.index("sha256:") for line in words[2:]] == [words[1].index("DIGEST")] * 2


@pytest.mark.parametrize("route", ["registry.apps.example.com", None])
def test_the_internal_hosts_references_are_those_of_the_route(streams: Streams, route: str | None) -> None:
    streams.cluster.push("shop", "web", "1", A)

    def follow(stream: dict[str, Any]) -> None:
        stream["spec"]["tags"] = [
            {"name": "1", "annotations": None, "generation": 1, "importPolicy": {"scheduled": True},
             "from": {"kind": "DockerImage", "name": f"{INTERNAL}/base/web:1"}, "referencePolicy": {"type": "Source"}},
        ]  # fmt: skip
        if route:
            stream["status"]["publicDockerImageRepository"] = f"{route}/shop/web"

    streams.cluster.imports.streams.edit("shop", "web", follow)
    stream = streams.run("describe", "prod/web:1").result["stream"]
    assert (stream["source"], stream["scheduled"]) == (f"{route or streams.registry.host}/base/web:1", True)
    words = streams.run("describe", "prod/web:1", json_output=False).stdout
    assert f"  source     {route or streams.registry.host}/base/web:1, looked at regularly\n" in words


def test_a_failed_import_is_described(streams: Streams) -> None:
    reference = streams.reference("none")
    origin = {"metadata": {"name": "web:1"}, "tag": {"from": {"kind": "DockerImage", "name": reference}}}
    streams.push(image())
    streams.cluster.push("shop", "web", "1", A)
    streams.cluster.imports.streams.put_tag("shop", "web:1", origin, lambda *_: True)
    streams.wait_for_import("web", "1")
    stream = streams.run("describe", "prod/web:1").result["stream"]
    assert f'"{reference}" not found' in stream["failure"]
    assert [event["digest"] for event in stream["events"]] == [A]
    assert "  failed     " in streams.run("describe", "prod/web:1", json_output=False).stdout


def test_a_tag_that_was_never_imported_is_listed(streams: Streams) -> None:
    reference = streams.reference("none")
    origin = {"metadata": {"name": "web:1"}, "tag": {"from": {"kind": "DockerImage", "name": reference}}}
    streams.push(image())
    streams.cluster.imports.streams.put_tag("shop", "web:1", origin, lambda *_: True)
    streams.wait_for_import("web", "1")
    assert "no image" in streams.run("describe", "prod/web", json_output=False).stdout
    assert streams.run("describe", "prod/web:1").error["exit_code"] == 4


def test_what_only_the_registry_has_is_described_as_ever(live: Live) -> None:
    made = live.promoted()
    live.cluster.imports.streams.delete_tag("shop", f"{live.name}:live")
    result = describe(live)
    assert (result["digest"], result["stream"]) == (made.digest, None)


def test_a_missing_right_is_named(streams: Streams) -> None:
    streams.cluster.add_user(TAGGER, token=TOKEN, rights=[set_tags("shop")])
    error = streams.run("describe", "prod/web:1").error
    assert error["exit_code"] == 5
    assert f"oc policy add-role-to-user view {TAGGER} --namespace shop" in error["remedy"]


@pytest.mark.parametrize(
    ("image_name", "exit_code", "message"),
    [
        ("prod/none", 4, '"none" not found'),
        ("prod/none:1", 4, "shop/none:1"),
        ("prod/team/web", 2, "is no image stream's name"),
        (f"prod/web@{A}", 2, "names a digest"),
        ("prod", 2, "'prod' is no image"),
        ("bare/web", 2, "names no tag"),
    ],
)
def test_what_cannot_be_is_named(streams: Streams, image_name: str, exit_code: int, message: str) -> None:
    streams.environments["bare"] = {"registry": "registry.example.com"}
    error = streams.run("describe", image_name).error
    assert (error["exit_code"], message in error["message"]) == (exit_code, True), error
