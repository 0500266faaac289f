"""`promoter import`: a cluster imports an image into an image stream."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.streams.conftest import DIGESTS, TAGGER, TOKEN, Streams, image
from tests.support.cluster import view
from tests.support.registries import Htpasswd, Registry
from tests.support.shop import PLATFORMS, make
from tests.support.tls import CertificateAuthority

OTHER = DIGESTS[0]


def imported(result: dict[str, Any]) -> tuple[str, str, str, str | None]:
    return result["status"], result["destination"], result["digest"], result["previous_digest"]


@pytest.mark.statement("P3")
@pytest.mark.parametrize("kind", ["docker image", "oci index"])
def test_an_external_image_is_imported_with_all_its_platforms(streams: Streams, kind: str) -> None:
    made = make(kind, streams.repository)
    result = streams.run("import", streams.push(made), "prod/web:1.0").result
    assert imported(result) == ("imported", "prod/web:1.0", made.digest, None)
    assert result["platforms"] == (list(PLATFORMS) if kind == "oci index" else [])
    assert streams.digests("shop", "web", "1.0") == [made.digest]


def test_name_and_tag_are_the_same_if_only_an_environment_is_named(streams: Streams) -> None:
    reference = streams.push(image(), "v7")
    name = streams.repository.rpartition("/")[2]
    assert streams.run("import", reference, "prod").result["destination"] == f"prod/{name}:v7"
    assert streams.cluster.image_streams("shop") == [name]


def test_an_image_of_another_cluster_comes_by_its_route(streams: Streams) -> None:
    made = image("far")
    streams.repository = "shop-stage/web"
    streams.push(made)
    assert streams.run("import", "stage/web:1.0", "far").result["digest"] == made.digest
    assert streams.digests("shop", "web", "1.0", streams.far) == [made.digest]


def test_it_says_what_it_imported(streams: Streams) -> None:
    made = make("docker index", streams.repository)
    outcome = streams.run("import", streams.push(made), "prod/web:1", "--scheduled", json_output=False)
    assert outcome.stdout.splitlines() == [
        "imported: prod/web:1",
        f"  digest     {made.digest}",
        f"  source     {streams.reference()}",
        f"  platforms  {', '.join(PLATFORMS)}",
        "  scheduled  the cluster looks again regularly",
    ]


@pytest.mark.statement("W5")
def test_a_scheduled_import_picks_up_what_has_changed_and_another_can_be_tagged_by_hand(streams: Streams) -> None:
    old, new = image("old"), image("new")
    reference = streams.push(old)
    assert streams.run("import", reference, "prod/hello-app:scheduled", "--scheduled").result["scheduled"] is True
    assert streams.run("import", reference, "prod/hello-app:by-hand").exit_code == 0
    streams.push(new)
    streams.cluster.imports.run_scheduled()
    assert streams.digests("shop", "hello-app", "scheduled") == [new.digest, old.digest]
    assert streams.digests("shop", "hello-app", "by-hand") == [old.digest]
    assert streams.tag(reference, "prod/hello-app:by-hand", "--force").exit_code == 0
    assert streams.digests("shop", "hello-app", "by-hand") == [new.digest, old.digest]


def test_the_same_reference_is_imported_again(streams: Streams) -> None:
    old, new = image("old"), image("new")
    assert streams.run("import", streams.push(old), "prod/web:1").exit_code == 0
    result = streams.run("import", streams.push(new), "prod/web:1").result
    assert imported(result) == ("imported", "prod/web:1", new.digest, old.digest)


def test_a_tag_with_another_image_is_refused_unless_forced(streams: Streams) -> None:
    made = image()
    reference = streams.push(made)
    streams.cluster.push("shop", "web", "1", OTHER)
    error = streams.run("import", reference, "prod/web:1").error
    assert (error["exit_code"], error["message"]) == (3, f"prod/web:1 is taken: it is {OTHER}, not {made.digest}.")
    assert streams.writes() == []
    result = streams.run("import", reference, "prod/web:1", "--force").result
    assert imported(result) == ("imported", "prod/web:1", made.digest, OTHER)
    assert streams.digests("shop", "web", "1") == [made.digest, OTHER]


def test_a_tag_that_is_taken_meanwhile_is_refused(streams: Streams) -> None:
    made = image()
    streams.cluster.push("shop", "web", "other", OTHER)
    streams.cluster.faults.before_tag(lambda: None)
    streams.cluster.faults.before_tag(lambda: streams.cluster.push("shop", "web", "1", OTHER))
    assert streams.run("import", streams.push(made), "prod/web:1").error["exit_code"] == 3
    assert streams.digests("shop", "web", "1") == [OTHER]


def test_a_dry_run_lets_the_cluster_look(streams: Streams) -> None:
    made = make("oci index", streams.repository)
    result = streams.run("import", streams.push(made), "prod/web:1", "--dry-run").result
    assert imported(result) == ("planned", "prod/web:1", made.digest, None)
    assert result["platforms"] == list(PLATFORMS)
    assert streams.cluster.image_streams("shop") == []


def test_the_image_is_pulled_through_the_cluster_if_asked(streams: Streams) -> None:
    assert streams.run("import", streams.push(image()), "prod/web:1", "--pull-through").exit_code == 0
    assert streams.spec("shop", "web", "1")["referencePolicy"] == {"type": "Local"}


# What goes wrong with an image is inside a success of the API


def test_an_image_that_is_not_there(streams: Streams) -> None:
    streams.push(image())
    error = streams.run("import", streams.reference("none"), "prod/web:1").error
    assert (error["kind"], error["exit_code"]) == ("not-found", 4)
    assert f'"{streams.reference("none")}" not found' in error["message"]
    assert streams.cluster.image_streams("shop") == []


def test_a_registry_that_lets_nobody_in_without_a_pull_secret(
    streams: Streams, ca: CertificateAuthority, tmp_path: Path
) -> None:
    with Registry(tmp_path / "private", ca, Htpasswd({"somebody": "with a password"})) as private:
        error = streams.run("import", f"{private.host}/qa/web:1", "prod/web:1").error
    assert (error["kind"], error["exit_code"]) == ("not-permitted", 5)
    assert "oc create secret docker-registry NAME --namespace shop" in error["remedy"]


def test_a_registry_that_is_not_trusted(streams: Streams, tmp_path: Path) -> None:
    with Registry(tmp_path / "stranger", CertificateAuthority(tmp_path / "ca", "stranger")) as stranger:
        streams.registry = stranger
        made = image()
        reference = streams.push(made)
        error = streams.run("import", reference, "prod/web:1").error
        assert (error["kind"], error["exit_code"]) == ("unreachable", 6)
        assert "x509" in error["message"]
        assert "--insecure" in error["remedy"]
        assert streams.run("import", reference, "prod/web:1", "--insecure").result["digest"] == made.digest


def test_a_registry_that_is_not_there(streams: Streams) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = streams.run("import", f"localhost:{closed.getsockname()[1]}/qa/web:1", "prod/web:1").error
    assert (error["kind"], error["exit_code"]) == ("unreachable", 6)
    assert "connection refused" in error["message"]


def test_a_missing_right_is_named(streams: Streams) -> None:
    streams.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop")])
    error = streams.run("import", streams.push(image()), "prod/web:1").error
    assert error["exit_code"] == 5
    assert 'cannot create resource "imagestreamimports"' in error["message"]
    assert f"oc policy add-role-to-user registry-editor {TAGGER} --namespace shop" in error["remedy"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("quay.io/team/web", "prod"), "names neither tag nor digest"),
        ((f"quay.io/team/web@{OTHER}", "prod"), "'prod/web' is no tag of an image stream"),
        ((f"quay.io/team/web@{OTHER}", "prod/web:1", "--scheduled"), "is a digest, which never changes"),
        (("web:1", "prod"), "'web:1' is no image"),
        (("quay.io/team/web:1", "registry.example.com/shop/web:1"), "is in no environment"),
    ],
)
def test_what_cannot_be_is_named(streams: Streams, arguments: tuple[str, ...], message: str) -> None:
    error = streams.run("import", *arguments).error
    assert error["exit_code"] == 2
    assert message in error["message"]
    assert streams.cluster.requests == []
