"""`promoter tag`: tags of image streams, by digest."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.streams.conftest import DIGESTS, TAGGER, TOKEN, Streams, image
from tests.support.cluster import edit, pull, view
from tests.support.cluster.answers import DEPLOYMENTS
from tests.support.cluster.workloads import deployment
from tests.support.images import make_index
from tests.support.shop import make
from tests.support.waiting import wait_until

A, B, C = DIGESTS


def outcomes(result: dict[str, Any]) -> list[tuple[str, str, str, str | None]]:
    return [(one["status"], one["destination"], one["digest"], one["previous_digest"]) for one in result["tags"]]


@pytest.mark.statement("P2")
@pytest.mark.parametrize("source", ["stage/web:latest", f"stage/web@{A}"])
def test_an_image_of_a_stream_gets_another_tag(streams: Streams, source: str) -> None:
    streams.cluster.push("shop-stage", "web", "latest", A)
    result = streams.run("tag", source, "stage/web:qa-ready").result
    assert outcomes(result) == [("tagged", "stage/web:qa-ready", A, None)]
    assert streams.digests("shop-stage", "web", "qa-ready") == [A]
    origin = {"kind": "ImageStreamImage", "namespace": "shop-stage", "name": f"web@{A}"}
    assert streams.spec("shop-stage", "web", "qa-ready")["from"] == origin


def test_several_destinations_in_another_project(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "stable", A)
    result = streams.run("tag", "stage/web:stable", "prod/web:v0.0.1", "prod", "prod/shop-front:latest").result
    destinations = ["prod/web:v0.0.1", "prod/web:stable", "prod/shop-front:latest"]
    assert outcomes(result) == [("tagged", one, A, None) for one in destinations]
    assert streams.digests("shop", "web", "v0.0.1") == streams.digests("shop", "shop-front", "latest") == [A]


def test_flags_may_stand_between_destinations(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "stable", A)
    result = streams.run("tag", "stage/web:stable", "prod/web:1", "--reason", "why", "prod/web:2").result
    assert [one["destination"] for one in result["tags"]] == ["prod/web:1", "prod/web:2"]


def test_it_says_what_it_set(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", B)
    streams.cluster.push("shop", "web", "1", A)
    outcome = streams.run("tag", "stage/web:1", "prod", "--force", json_output=False)
    assert outcome.stdout.splitlines() == [
        "tagged: prod/web:1",
        f"  digest     {B}",
        f"  source     {streams.registry.host}/shop-stage/web:1@{B}",
        f"  replaces   {A}",
    ]


def test_a_source_that_moves_does_not_move_the_tag(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "latest", A)
    assert streams.run("tag", "stage/web:latest", "prod/web:latest").exit_code == 0
    streams.cluster.push("shop-stage", "web", "latest", B)
    assert streams.digests("shop", "web", "latest") == [A]


def test_the_same_again_changes_nothing(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", A)
    assert streams.run("tag", "stage/web:1", "prod").exit_code == 0
    before = streams.cluster.image_stream("shop", "web")
    result = streams.run("tag", "stage/web:1", "prod").result
    assert outcomes(result) == [("unchanged", "prod/web:1", A, None)]
    assert streams.cluster.image_stream("shop", "web") == before


def test_a_tag_that_follows_another_tag_is_pinned(streams: Streams) -> None:
    reference = streams.push(image())
    assert streams.run("import", reference, "prod/web:1", "--scheduled").exit_code == 0
    digest = streams.digests("shop", "web", "1")[0]
    result = streams.tag(reference, "prod/web:1").result
    assert outcomes(result) == [("tagged", "prod/web:1", digest, None)]
    assert streams.spec("shop", "web", "1")["from"]["name"].endswith(f"@{digest}")
    assert "scheduled" not in streams.spec("shop", "web", "1")["importPolicy"]


# Taken tags


def test_a_taken_tag_is_refused_and_nothing_is_set(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", B)
    streams.cluster.push("shop", "web", "2", A)
    error = streams.run("tag", "stage/web:1", "prod/web:1", "prod/web:2").error
    assert (error["kind"], error["exit_code"]) == ("refused", 3)
    assert error["message"] == f"prod/web:2 is taken: it is {A}, not {B}."
    assert streams.writes() == []


def test_force_overwrites_and_the_history_keeps_what_was(streams: Streams) -> None:
    streams.cluster.push("shop", "web", "1", A)
    for number, digest in enumerate([B, C]):
        streams.cluster.push("shop-stage", "web", f"{number}", digest)
        assert streams.run("tag", f"stage/web:{number}", "prod/web:1", "--force").exit_code == 0
    assert streams.digests("shop", "web", "1") == [C, B, A]
    result = streams.run("tag", f"prod/web@{A}", "prod/web:1", "--force").result
    assert outcomes(result) == [("tagged", "prod/web:1", A, C)]
    assert streams.digests("shop", "web", "1") == [A, C, B, A]


def test_a_pushed_over_tag_can_be_set_back_to_what_it_follows(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", A)
    assert streams.run("tag", "stage/web:1", "prod").exit_code == 0
    streams.cluster.push("shop", "web", "1", B)
    result = streams.run("tag", "stage/web:1", "prod", "--force").result
    assert outcomes(result) == [("tagged", "prod/web:1", A, B)]
    assert streams.digests("shop", "web", "1")[0] == A


def test_a_dry_run_changes_nothing(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", B)
    streams.cluster.push("shop", "web", "1", A)
    result = streams.run("tag", "stage/web:1", "prod", "--force", "--dry-run").result
    assert outcomes(result) == [("planned", "prod/web:1", B, A)]
    assert streams.writes() == []


# Others at the same time


def test_a_conflict_is_tried_again_on_fresh_data(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", A)
    streams.cluster.push("shop", "web", "other", B)
    streams.cluster.faults.before_tag(lambda: streams.cluster.push("shop", "web", "other", C))
    result = streams.run("tag", "stage/web:1", "prod").result
    assert outcomes(result) == [("tagged", "prod/web:1", A, None)]
    assert streams.writes() == ["PUT /apis/image.openshift.io/v1/namespaces/shop/imagestreamtags/web:1"] * 2


@pytest.mark.parametrize("there", ["stream", "no stream"])
def test_a_tag_that_is_taken_meanwhile_is_refused(streams: Streams, there: str) -> None:
    streams.cluster.push("shop-stage", "web", "1", A)
    streams.cluster.push("shop-stage", "base", "1", B)
    if there == "stream":
        streams.cluster.push("shop", "web", "other", C)

    def take() -> None:
        origin = {"kind": "ImageStreamImage", "namespace": "shop-stage", "name": f"base@{B}"}
        tag = {"metadata": {"name": "web:1"}, "tag": {"name": "1", "from": origin}}
        streams.cluster.imports.streams.post_tag("shop", tag, lambda *_: True)

    streams.cluster.faults.before_tag(take)
    error = streams.run("tag", "stage/web:1", "prod").error
    assert (error["exit_code"], error["message"]) == (3, f"prod/web:1 is taken: it is {B}, not {A}.")
    assert streams.digests("shop", "web", "1") == [B]


def test_a_tag_that_somebody_else_has_just_set_is_waited_for(streams: Streams) -> None:
    first, theirs = image("first"), image("theirs")
    streams.cluster.push("shop-stage", "web", "1", A)
    streams.cluster.push("shop", "web", "1", A)
    assert streams.tag(streams.push(first, "first"), "prod/web:1", "--force").exit_code == 0
    streams.cluster.imports.gate.clear()
    origin = {"kind": "DockerImage", "name": streams.push(theirs, "theirs")}
    tag = {"metadata": {"name": "web:1"}, "tag": {"name": "1", "from": origin}}
    streams.cluster.imports.streams.put_tag("shop", "web:1", tag, lambda *_: True)
    with streams.start("tag", f"prod/web@{first.digest}", "prod/web:1") as running:
        wait_until(lambda: len(streams.looks("web")) >= 3, "the tag to be looked at again")
        streams.cluster.imports.gate.set()
        error = running.outcome().error
    assert (error["exit_code"], error["message"]) == (
        3,
        f"prod/web:1 is taken: it is {theirs.digest}, not {first.digest}.",
    )


def test_what_was_set_before_a_failure_is_said(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", A)
    streams.cluster.push("shop", "web", "other", B)
    streams.cluster.faults.before_tag(lambda: None)
    streams.cluster.faults.before_tag(lambda: streams.cluster.push("shop", "web", "b", C))
    outcome = streams.run("tag", "stage/web:1", "prod/web:a", "prod/web:b")
    assert outcome.error["exit_code"] == 3
    assert f"before that: tagged: prod/web:a is {A}" in outcome.stderr


def test_an_api_that_is_away_for_a_moment_is_waited_for(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", A)
    streams.cluster.faults.unavailable(2)
    assert outcomes(streams.run("tag", "stage/web:1", "prod").result) == [("tagged", "prod/web:1", A, None)]


# From elsewhere


@pytest.mark.parametrize("kind", ["oci image", "docker index"])
def test_an_external_image_is_tagged_with_all_its_platforms(streams: Streams, kind: str) -> None:
    made = make(kind, streams.repository)
    result = streams.tag(streams.push(made), "prod/hello-app:dev").result
    assert outcomes(result) == [("tagged", "prod/hello-app:dev", made.digest, None)]
    assert streams.digests("shop", "hello-app", "dev") == [made.digest]
    spec = streams.spec("shop", "hello-app", "dev")
    reference = f"{streams.registry.host}/{streams.repository}@{made.digest}"
    assert spec["from"] == {"kind": "DockerImage", "name": reference}


def test_an_image_of_another_cluster_comes_by_its_route(streams: Streams) -> None:
    made = image("far")
    streams.repository = "shop-stage/web"
    streams.push(made)
    streams.cluster.push("shop-stage", "web", "1", made.digest)
    result = streams.run("tag", "stage/web:1", "far").result
    assert outcomes(result) == [("tagged", "far/web:1", made.digest, None)]
    assert streams.digests("shop", "web", "1", streams.far) == [made.digest]


def test_an_external_image_by_digest_needs_no_look_at_the_registry(streams: Streams) -> None:
    made = image("by digest")
    streams.push(made)
    reference = f"{streams.registry.host}/{streams.repository}@{made.digest}"
    assert outcomes(streams.run("tag", reference, "prod/web:1").result)[0][2] == made.digest


def test_the_import_is_waited_for(streams: Streams) -> None:
    old, new = image("old"), image("new")
    assert streams.tag(streams.push(old), "prod/web:1").exit_code == 0
    streams.cluster.imports.gate.clear()
    with streams.start("tag", streams.push(new), "prod/web:1", "--force", *streams.access) as running:
        wait_until(lambda: len(streams.writes()) == 2, "the tag to be set")
        seen = len(streams.looks("web"))
        wait_until(lambda: len(streams.looks("web")) >= seen + 2, "the tag to be looked at again")
        assert streams.digests("shop", "web", "1") == [old.digest]
        streams.cluster.imports.gate.set()
        result = running.outcome().result
    assert outcomes(result) == [("tagged", "prod/web:1", new.digest, old.digest)]
    assert streams.digests("shop", "web", "1") == [new.digest, old.digest]


def test_what_the_cluster_cannot_import_changes_nothing(streams: Streams) -> None:
    missing = f"{streams.registry.host}/{streams.repository}@{A}"
    streams.push(image())
    error = streams.run("tag", missing, "prod/web:1").error
    assert (error["kind"], error["exit_code"]) == ("not-found", 4)
    assert missing in error["message"]
    assert streams.writes() == []
    assert streams.cluster.image_streams("shop") == []


def test_an_import_that_fails_after_all_is_reported(streams: Streams) -> None:
    made = image("gone")
    reference = streams.push(made)
    streams.cluster.faults.before_tag(lambda: None)
    streams.cluster.faults.before_tag(streams.registry.stop)
    try:
        error = streams.tag(reference, "prod/web:1").error
    finally:
        streams.registry.start()
    assert (error["kind"], error["exit_code"]) == ("unreachable", 6)
    assert "connection refused" in error["message"]


@pytest.mark.statement("W4")
def test_moving_the_tag_of_an_image_stream_redeploys(streams: Streams) -> None:
    old, new = image("old"), image("new")
    for tag in ("dev", "prod"):
        watched = [{"name": f"hello-app:{tag}"}]
        streams.cluster.add(DEPLOYMENTS, "shop", deployment(f"hello-{tag}", watched))
        assert streams.tag(streams.push(old), f"prod/hello-app:{tag}").exit_code == 0
        wait_until(partial(streams.runs, f"hello-{tag}", old), "the deployment")
    assert streams.tag(streams.push(new), "prod/hello-app:dev", "--force").exit_code == 0
    wait_until(lambda: streams.runs("hello-dev", new), "the deployment of what the tag was moved to")
    assert streams.runs("hello-prod", old)


# Whole streams


@pytest.mark.statement("P4")
def test_streams_with_a_label_move_with_all_their_tags(streams: Streams) -> None:
    for name, label in (("web", "shop"), ("api", "shop"), ("tool", "other")):
        streams.cluster.push("shop-stage", name, "1", A, {"application": label})
        streams.cluster.push("shop-stage", name, "2", B, {"application": label})
    result = streams.run("tag", "--selector", "application=shop", "stage", "prod").result
    moved = [("api:1", A), ("api:2", B), ("web:1", A), ("web:2", B)]
    assert outcomes(result) == [("tagged", f"prod/{name}", digest, None) for name, digest in moved]
    assert streams.cluster.image_streams("shop") == ["api", "web"]
    assert streams.cluster.image_stream("shop", "web")["metadata"]["labels"] == {"application": "shop"}
    again = streams.run("tag", "--selector", "application=shop", "stage", "prod").result
    assert {one["status"] for one in again["tags"]} == {"unchanged"}


def test_what_is_attached_to_images_does_not_move_with_their_streams(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", A, {"application": "shop"})
    streams.cluster.push("shop-stage", "web", f"{A.replace(':', '-')}.sign-off-billing", B, {"application": "shop"})
    result = streams.run("tag", "--selector", "application=shop", "stage", "prod").result
    assert outcomes(result) == [("tagged", "prod/web:1", A, None)]


def test_a_stream_is_moved_whole_or_not_at_all(streams: Streams) -> None:
    for tag, digest in (("1", A), ("2", B)):
        streams.cluster.push("shop-stage", "web", tag, digest, {"name": "web"})
    streams.cluster.push("shop", "web", "2", C)
    assert streams.run("tag", "--selector", "name=web", "stage", "prod").error["exit_code"] == 3
    assert streams.writes() == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (("--selector", "name=none", "stage", "prod"), 4, "No image stream of project shop-stage"),
        (("--selector", " ", "stage", "prod"), 2, "The selector is empty"),
        (("--selector", "name in (web", "stage", "prod"), 2, "selector"),
        (("--selector", "name=web", "stage/web:1", "prod"), 2, "'stage/web:1' names an image"),
        (("--selector", "name=web", "stage", "nowhere"), 2, "no environment 'nowhere'"),
        (("stage/web", "prod"), 2, "names neither tag nor digest"),
        (("stage/web:none", "prod"), 4, "has no image under the tag none (tags: 1)"),
        ((f"stage/web@{B}", "prod/web:1"), 4, f"shop-stage/web never was {B}"),
        (("stage/none:1", "prod"), 4, '"none" not found'),
        (("stage/web:1", "prod/team/web:1"), 2, "'team/web' is no image stream's name"),
        (("stage/web:1", "registry.example.com/shop/web:1"), 2, "is in no environment"),
        (("stage/web:1", f"prod/web@{A}"), 2, "is no tag of an image stream"),
        ((f"stage/web@{A}", "prod"), 2, "is no tag of an image stream"),
        (("stage/web:1", "bare/web:1"), 2, "environment bare names no cluster"),
    ],
)
def test_what_cannot_be_is_named(streams: Streams, arguments: tuple[str, ...], exit_code: int, message: str) -> None:
    streams.cluster.push("shop-stage", "web", "1", A, {"name": "web"})
    streams.environments["bare"] = {"registry": "registry.example.com"}
    error = streams.run("tag", *arguments).error
    assert error["exit_code"] == exit_code, error
    assert message in error["message"]
    assert streams.writes() == []


# Rights


def test_a_missing_right_to_set_tags_is_named(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", A)
    streams.cluster.add_user(TAGGER, token=TOKEN, rights=[edit("shop-stage"), view("shop")])
    error = streams.run("tag", "stage/web:1", "prod").error
    assert (error["kind"], error["exit_code"]) == ("not-permitted", 5)
    assert 'cannot create resource "imagestreamtags"' in error["message"]
    assert error["remedy"] == (
        "Bind the role registry-editor or edit there: "
        f"`oc policy add-role-to-user registry-editor {TAGGER} --namespace shop`."
    )


def test_a_missing_right_to_pull_from_the_other_project_is_named(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", A)
    streams.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop-stage"), edit("shop")])
    error = streams.run("tag", "stage/web:1", "prod").error
    assert (error["kind"], error["exit_code"]) == ("not-permitted", 5)
    assert "get imagestreams/layers in project shop-stage" in error["message"]
    assert "oc policy add-role-to-user system:image-puller ACCOUNT --namespace shop-stage" in error["remedy"]
    assert streams.cluster.image_streams("shop") == []
    streams.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop-stage"), pull("shop-stage"), edit("shop")])
    assert outcomes(streams.run("tag", "stage/web:1", "prod").result) == [("tagged", "prod/web:1", A, None)]


def test_no_token_is_said(streams: Streams) -> None:
    streams.environments["stage"]["cluster"]["credentials"] = "anonymous"
    error = streams.run("tag", "stage/web:1", "prod").error
    assert error["exit_code"] == 5
    assert error["remedy"].startswith("Name `credentials` for this cluster")


# What is noted


def test_who_and_why_is_noted_on_the_tag(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", B)
    streams.cluster.push("shop", "web", "1", A)
    flags = ("--force", "--reason", f"release {TOKEN}", "--requested-by", "alice", "--promotion-id", "42")
    assert streams.run("tag", "stage/web:1", "prod", *flags).exit_code == 0
    noted = streams.spec("shop", "web", "1")["annotations"]
    assert noted.pop("image-promoter/at").endswith("Z")
    assert noted == {
        "image-promoter/digest": B,
        "image-promoter/source": f"{streams.registry.host}/shop-stage/web:1@{B}",
        "image-promoter/previous-digest": A,
        "image-promoter/promotion-id": "42",
        "image-promoter/requested-by": "alice",
        "image-promoter/reason": "release ****",
    }


def test_the_notes_of_others_stay_and_ours_are_made_anew(streams: Streams) -> None:
    streams.cluster.push("shop-stage", "web", "1", A)
    streams.cluster.push("shop-stage", "web", "2", B)
    assert streams.run("tag", "stage/web:1", "prod/web:1", "--reason", "first").exit_code == 0
    stream = streams.cluster.imports.streams

    def note(document: dict[str, Any]) -> None:
        document["spec"]["tags"][0]["annotations"]["description"] = "the web shop"

    stream.edit("shop", "web", note)
    assert streams.run("tag", "stage/web:2", "prod/web:1", "--force").exit_code == 0
    noted = streams.spec("shop", "web", "1")["annotations"]
    assert noted["description"] == "the web shop"
    assert "image-promoter/reason" not in noted
    assert noted["image-promoter/previous-digest"] == A


def test_an_index_of_several_platforms_stays_one(streams: Streams) -> None:
    index = make_index([image("amd"), image("other")])
    assert outcomes(streams.tag(streams.push(index), "prod/web:1").result)[0][2] == index.digest
