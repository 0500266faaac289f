"""The gate on inconsistencies: what the source's image stream notes about an image keeps it from being promoted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from promoter.model.inconsistency import ANNOTATION
from tests.support.cluster import Cluster, pull, view
from tests.support.cluster.answers import CONFIG_MAPS
from tests.support.images import Image, make_image
from tests.support.shop import Shop, writes
from tests.support.tls import CertificateAuthority

PROJECT = "shop-dev"
TOKEN = "token-of-the-inspector"
I1 = "i1 (Upstream and downstream build configurations differ)"
I12 = "i12 (Image build with disparate rpms)"


class Gated:
    """The shop, whose route refuses what is inconsistent; `image` is its image at stage, and in stage's cluster."""

    def __init__(self, shop: Shop, cluster: Cluster) -> None:
        self.shop = shop
        self.cluster = cluster
        self.image = self.push()
        self.constraints: dict[str, Any] = {}
        shop.routes = [{"from": "stage", "to": "prod", "gates": {"constraints": self.constraints}}]
        (shop.promoter.directory / "token-of-the-cluster").write_text(TOKEN)
        shop.environments["stage"]["cluster"] = {
            "api": cluster.url,
            "ca": str(cluster.ca),
            "credentials": "file:token-of-the-cluster",
        }

    def push(self, tag: str = "1.0") -> Image:
        """Put an image into stage, whose image stream sees it."""
        image = make_image(seed=f"{self.shop.name} {tag}")
        self.shop.stage.push(image, tag)
        self.cluster.push(PROJECT, self.shop.name, tag, image.digest)
        return image

    def note(self, value: object, tag: str = "1.0") -> None:
        """Annotate a tag of the image stream."""
        text = value if isinstance(value, str) else json.dumps(value)
        name = f"{self.shop.name}:{tag}"
        document = {"metadata": {"name": name, "annotations": {ANNOTATION: text}}, "tag": {"name": tag}}
        self.cluster.imports.streams.put_tag(PROJECT, name, document, lambda *_: True)

    def refused(self, *flags: str, exit_code: int = 3) -> dict[str, str]:
        """Promote what may not be promoted; return the error."""
        with self.shop.stage.registry.recording() as stage, self.shop.prod.registry.recording() as prod:
            outcome = self.shop.promote(*flags)
        assert outcome.exit_code == exit_code, outcome.stderr
        assert writes(stage) + writes(prod) == []
        assert self.shop.prod.tags() == set()
        return outcome.error


@pytest.fixture
def gated(shop: Shop, ca: CertificateAuthority) -> Iterator[Gated]:
    """The shop with its gate, and stage's cluster, which may be looked at."""
    with Cluster(ca) as cluster:
        cluster.add_user("inspector", token=TOKEN, rights=[view(PROJECT)])
        yield Gated(shop, cluster)


@pytest.mark.statement("C18")
def test_what_is_inconsistent_is_refused_with_component_and_reason(gated: Gated) -> None:
    gated.note({"web": ["i12", "i1"], "base": ["x9"]})
    error = gated.refused()
    assert error["message"].endswith(
        f"yet; open is: inconsistent base: x9; inconsistent web: {I1}; inconsistent web: {I12}."
    )
    assert "--override 'WHY'" in error["remedy"]


@pytest.mark.statement("C16")
def test_the_projects_config_map_says_what_codes_mean(gated: Gated) -> None:
    document = {"metadata": {"name": "inconsistencies"}, "data": {"i1": "golang differs", "x9": "no source"}}
    gated.cluster.add(CONFIG_MAPS, PROJECT, document)
    gated.note({"web": ["i1", "i12", "x9", "y1"]})
    named = gated.refused()["message"].partition("open is: ")[2].split("; ")
    meant = ("i1 (golang differs)", I12, "x9 (no source)", "y1.")
    assert named == [f"inconsistent web: {one}" for one in meant]


@pytest.mark.statement("C17")
def test_messages_of_deployed_tooling_are_reasons_too(gated: Gated) -> None:
    gated.note(["uses another\ngolang"])
    assert "open is: inconsistent 1.0: uses another golang." in gated.refused()["message"]


@pytest.mark.statement("C18")
def test_an_override_goes_on_and_is_recorded_with_who_gave_it(gated: Gated) -> None:
    gated.note({"web": ["i1", "i12"]})
    result = gated.shop.promote(f"--override=CVE fix {TOKEN}", "--requested-by=alice").result
    why = "CVE fix **** (web: i1, web: i12)"
    assert (result["gates"], result["open_gates"]) == ([f"inconsistent, overridden by alice: {why}"], [])
    assert gated.shop.prod.digest() == gated.image.digest
    [entry] = gated.shop.history()
    assert (entry["override"], entry["requested_by"]) == (why, "alice")
    place = gated.shop.image(gated.shop.prod)
    for command, line in (
        ("history", "    inconsistent, overridden by"),
        ("describe", ", inconsistent, overridden by"),
    ):
        assert f"{line} alice: {why}\n" in gated.shop.promoter.run(command, place, json=False).stdout


def test_what_is_consistent_passes_and_needs_no_override(gated: Gated) -> None:
    result = gated.shop.promote("--override=just in case").result
    assert (result["status"], result["gates"]) == ("promoted", ["nothing inconsistent"])
    assert gated.shop.history()[0]["override"] is None


@pytest.mark.parametrize("why", ["", "  "])
def test_an_override_says_why(gated: Gated, why: str) -> None:
    gated.note({"web": ["i1"]})
    assert "does not say why" in gated.refused(f"--override={why}", exit_code=2)["message"]
    assert gated.cluster.requests == []


def test_an_override_of_nothing_is_wrong(gated: Gated) -> None:
    gated.shop.routes = []
    assert "refuses nothing inconsistent" in gated.refused("--override=CVE fix", exit_code=2)["message"]


@pytest.mark.statement("C18")
def test_permits_are_of_single_codes_of_single_components(gated: Gated) -> None:
    gated.constraints["permits"] = [{"code": "i1", "component": "web", "reason": "golang comes with release 8"}]
    gated.note({"web": ["i1"], "base": ["i1"]})
    assert f"open is: inconsistent base: {I1}." in gated.refused()["message"]
    gated.note({"web": ["i1"]})
    result = gated.shop.promote().result
    assert result["gates"] == [f"permitted: web: {I1}, golang comes with release 8"]


@pytest.mark.parametrize(
    ("constraints", "said"),
    [
        ({"never-permit": ["i12"]}, "i12 of web is permitted, but i12 is never permitted"),
        ({"permits": [{"code": "i1", "component": "web", "reason": " "}]}, "a permit says nothing"),
        ({"permits": [{"code": "i1", "reason": "why not"}]}, "permits.0.component is missing"),
    ],
)
def test_permits_that_cannot_be(gated: Gated, constraints: dict[str, Any], said: str) -> None:
    gated.constraints["permits"] = [{"code": "i12", "component": "web", "reason": "why not"}]
    gated.constraints |= constraints
    assert said in gated.refused(exit_code=2)["message"]


def test_without_a_cluster_to_look_at_the_configuration_is_wrong(gated: Gated) -> None:
    del gated.shop.environments["stage"]["cluster"]
    message = gated.refused(exit_code=2)["message"]
    assert "has `gates` with `constraints`, but stage names no cluster" in message


def test_what_is_rendered_for_production_has_no_cluster_to_look_at(gated: Gated) -> None:
    outcome = gated.shop.run("manifests", "--side=production")
    assert "names no cluster of non-production to look at" in outcome.error["message"]
    gated.shop.sections["install"] = {"gates": {"constraints": {}}}
    assert "The section `install` has `gates` with `constraints`" in gated.refused(exit_code=2)["message"]


def test_a_dry_run_shows_it(gated: Gated) -> None:
    gated.note({"web": ["i1"]})
    assert gated.shop.promote("--dry-run").result["open_gates"] == [f"inconsistent web: {I1}"]
    result = gated.shop.promote("--dry-run", "--override=CVE fix", "--requested-by=alice").result
    assert result["gates"] == ["inconsistent, overridden by alice: CVE fix (web: i1)"]
    assert gated.shop.prod.tags() == set()


# What cannot be looked at does not pass


def test_a_tag_that_is_another_image_in_the_cluster(gated: Gated) -> None:
    digest = f"sha256:{'a' * 64}"
    gated.cluster.push(PROJECT, gated.shop.name, "1.0", digest)
    message = gated.refused("--override=CVE fix", exit_code=4)["message"]
    assert f"stage/{gated.shop.name}:1.0 is {digest}." in message
    assert gated.image.digest in message


def test_an_image_stream_that_is_not_there(gated: Gated) -> None:
    gated.cluster.imports.streams.delete_tag(PROJECT, f"{gated.shop.name}:1.0")
    assert f"stage/{gated.shop.name}:1.0 is free." in gated.refused(exit_code=4)["message"]


def test_who_may_not_look(gated: Gated) -> None:
    gated.cluster.add_user("puller", token=TOKEN, rights=[pull(PROJECT)])
    assert "`oc policy add-role-to-user view puller" in gated.refused("--dry-run", exit_code=5)["remedy"]


def test_a_config_map_that_may_not_be_read_is_said(gated: Gated) -> None:
    right = view(PROJECT)
    streams = type(right)(PROJECT, right.verbs, frozenset({"imagestreams"}))
    gated.cluster.add_user("reader", token=TOKEN, rights=[streams])
    gated.note({"web": ["i1"]})
    outcome = gated.shop.promote()
    assert (outcome.exit_code, outcome.error["kind"]) == (3, "refused")
    assert f"inconsistent web: {I1}" in outcome.error["message"]
    assert "what codes mean cannot be read from the ConfigMap inconsistencies: " in outcome.stderr


# By digest, by production's pipeline, handed over


@pytest.mark.statement("C18")
def test_production_asks_again_what_it_is_sent_by_digest(gated: Gated) -> None:
    gated.note({"web": ["i1"]})
    shop = gated.shop
    parameters = {
        "image-name": shop.name,
        "non-prod-registry": shop.stage.registry.host,
        "prod-registry": shop.prod.registry.host,
        "non-prod-project-name": PROJECT,
        "prod-project-name": PROJECT,
        "git-commit": "1.0",
        "image-digest": gated.image.digest,
    }
    flags = [f"--{name}={value}" for name, value in parameters.items()]
    assert f"open is: inconsistent web: {I1}." in shop.run("receive", *flags).error["message"]
    assert shop.prod.tags() == set()
    assert shop.run("receive", *flags, "--override=CVE fix").result["status"] == "promoted"


def test_by_another_tag_it_is_no_more_consistent(gated: Gated) -> None:
    gated.note({"web": ["i1"]})
    gated.shop.stage.push(gated.image, "other")
    gated.cluster.push(PROJECT, gated.shop.name, "other", gated.image.digest)
    outcome = gated.shop.promote(source="other", tag="other")
    assert f"open is: inconsistent web: {I1}." in outcome.error["message"]


def test_a_digest_that_no_tag_is_any_more(gated: Gated) -> None:
    gated.cluster.push(PROJECT, gated.shop.name, "1.0", f"sha256:{'a' * 64}")
    outcome = gated.shop.run(
        "promote", f"stage/{gated.shop.name}@{gated.image.digest}", gated.shop.image(gated.shop.prod)
    )
    assert outcome.error["message"].endswith(f"no tag of stage/{gated.shop.name} is it.")


def test_it_is_refused_before_it_is_handed_over(gated: Gated) -> None:
    gated.note({"web": ["i1"]})
    webhook = {
        "api": gated.cluster.url,
        "ca": str(gated.cluster.ca),
        "build-config": "pipeline",
        "secret": "env:SECRET",
    }
    gated.shop.routes[0] |= {"through": "webhook", "webhook": webhook}
    gated.shop.promoter.environment["SECRET"] = "s3cret"
    assert f"inconsistent web: {I1}" in gated.refused()["message"]
    assert [one.path for one in gated.cluster.requests if one.method != "GET"] == []


# Releases


@pytest.fixture
def pairs(gated: Gated) -> list[str]:
    """A release of three tags, of which two are inconsistent."""
    for tag in ("2.0", "3.0"):
        gated.push(tag)
    gated.note({"web": ["i1"]})
    gated.note({"base": ["i12"]}, "2.0")
    shop = gated.shop
    return [f"{shop.image(shop.stage, tag)}={shop.image(shop.prod, tag)}" for tag in ("1.0", "2.0", "3.0")]


@pytest.mark.statement("C18")
def test_a_release_with_anything_inconsistent_stops(gated: Gated, pairs: list[str]) -> None:
    error = gated.shop.run("release", *pairs).error
    assert error["exit_code"] == 3
    assert "2 tags of the release may not flip yet" in error["message"]
    assert f"{gated.shop.prod}:1.0: inconsistent web: {I1}" in error["message"]
    assert f"{gated.shop.prod}:2.0: inconsistent base: {I12}" in error["message"]
    assert "--override 'WHY'" in error["remedy"]
    assert "sign-off" not in error["remedy"]
    assert gated.shop.prod.tags() == set()
    looks = [one for one in gated.cluster.requests if one.path.endswith(f"/imagestreams/{gated.shop.name}")]
    assert len(looks) == 1


def test_a_releases_dry_run_lists_them(gated: Gated, pairs: list[str]) -> None:
    result = gated.shop.run("release", *pairs, "--dry-run").result
    assert [tag["open_gates"] for tag in result["tags"]] == [
        [f"inconsistent web: {I1}"],
        [f"inconsistent base: {I12}"],
        [],
    ]
    overridden = gated.shop.run("release", *pairs, "--dry-run", "--override=CVE fix").result
    assert [tag["open_gates"] for tag in overridden["tags"]] == [[], [], []]


@pytest.mark.statement("C18")
def test_one_override_is_for_the_whole_release(gated: Gated, pairs: list[str]) -> None:
    assert gated.shop.run("release", *pairs, "--override=CVE fix", "--requested-by=alice").exit_code == 0
    said = [gated.shop.history(tag)[0] for tag in ("1.0", "2.0", "3.0")]
    assert [entry["override"] for entry in said] == ["CVE fix (web: i1)", "CVE fix (base: i12)", None]
    assert {entry["requested_by"] for entry in said} == {"alice"}


@pytest.mark.parametrize(
    ("gates", "why", "said"), [({}, "CVE fix", "no route of the release refuses"), ({"constraints": {}}, " ", "why")]
)
def test_a_releases_override_that_cannot_be(
    gated: Gated, pairs: list[str], gates: dict[str, Any], why: str, said: str
) -> None:
    gated.shop.routes[0]["gates"] = gates
    error = gated.shop.run("release", *pairs, f"--override={why}").error
    assert (error["exit_code"], said in error["message"]) == (2, True)
