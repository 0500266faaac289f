"""A promotion into an environment with a cluster ends in an image stream's tag: the digest, and what let it in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import PRODUCTION_PASSWORD, PRODUCTION_USER
from tests.streams.conftest import DIGESTS, TAGGER, TOKEN, Live
from tests.support import registry_client
from tests.support.cluster import Cluster, set_tags, view
from tests.support.cluster.answers import DEPLOYMENTS
from tests.support.cluster.workloads import deployment
from tests.support.registries import Htpasswd, Registry
from tests.support.shop import KINDS
from tests.support.tls import CertificateAuthority

OTHER = DIGESTS[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_image_streams_tag_is_the_digest_with_all_platforms(both: Live, kind: str) -> None:
    made = both.push(kind=kind)
    result = both.promote().result
    assert (result["status"], result["digest"], result["stream_tag"]) == ("promoted", made.digest, both.reference)
    assert both.digests == [made.digest]


def test_what_let_it_in_is_noted_on_it(both: Live) -> None:
    first, second = both.promoted(), both.push(2)
    flags = ("--reason", f"release {TOKEN}", "--requested-by", "alice", "--promotion-id", "42")
    result = both.promote("--force", *flags).result
    noted = both.noted()
    assert noted.pop("at").endswith("Z")
    assert noted == {
        "digest": second.digest,
        "source": f"{both.streams.registry.host}/shop-stage/{both.name}:1.0",
        "previous-digest": first.digest,
        "promotion-id": "42",
        "requested-by": "alice",
        "reason": "release ****",
        "record": result["record"],
    }
    assert both.digests == [second.digest, first.digest]


def test_who_approved_it_is_noted_on_it(both: Live) -> None:
    made = both.push()
    both.streams.routes = [{"from": "stage", "to": "prod", "gates": {"approval": {"by": ["alice"]}}}]
    approval = ("--approval", f"alice: {TOKEN} works", f"--approved-digest={made.digest}")
    assert both.promote(*approval).exit_code == 0
    assert both.noted()["approved-by"] == "alice: **** works"


def test_from_another_registry_it_follows_the_digest(live: Live) -> None:
    made = live.promoted()
    assert live.spec["from"] == {"kind": "DockerImage", "name": f"{live.host}/shop/{live.name}@{made.digest}"}
    assert live.spec["importPolicy"] == {"importMode": "PreserveOriginal"}


def test_in_its_own_registry_nothing_is_imported(integrated: Live) -> None:
    integrated.promoted()
    assert "from" not in integrated.spec
    assert not [one for one in integrated.cluster.requests if one.path.endswith("imagestreamimports")]


def test_how_it_is_pulled_stays(live: Live) -> None:
    live.promoted()
    live.change(referencePolicy={"type": "Local"})
    live.promoted(2)
    assert live.spec["referencePolicy"] == {"type": "Local"}


def test_what_followed_something_else_follows_the_promotions_from_now_on(integrated: Live) -> None:
    first = integrated.promoted()
    elsewhere = {"kind": "DockerImage", "name": integrated.streams.reference()}
    integrated.set(elsewhere, importPolicy={"scheduled": True})
    second = integrated.promoted(2)
    integrated.push(3)
    integrated.cluster.imports.run_scheduled()
    assert integrated.digests[0] == second.digest
    assert first.digest in integrated.digests


def test_it_says_so(live: Live) -> None:
    live.push()
    outcome = live.streams.run("promote", f"stage/{live.name}:1.0", live.reference, json_output=False)
    assert f"  stream tag {live.reference}" in outcome.stdout.splitlines()


def test_a_full_reference_leaves_the_cluster_alone(live: Live) -> None:
    live.push()
    flags = ("--destination-ca", str(live.cluster.ca), "--destination-credentials", "authfile:auth.json")
    reference = f"{live.host}/shop/{live.name}:live"
    result = live.streams.run("promote", f"stage/{live.name}:1.0", reference, *flags).result
    assert (result["status"], result["stream_tag"]) == ("promoted", None)
    assert live.cluster.requests == []


def test_a_dry_run_changes_nothing(both: Live) -> None:
    both.push()
    outcome = both.promote("--dry-run")
    assert outcome.result["status"] == "planned"
    assert f"the image stream's tag {both.reference} would be set" in outcome.stderr
    assert both.cluster.image_streams("shop") == []


# Nothing to promote


def test_what_is_as_it_shall_be_costs_one_look(both: Live) -> None:
    both.promoted()
    both.cluster.requests.clear()
    result = both.promote().result
    assert (result["status"], result["stream_tag"]) == ("unchanged", both.reference)
    assert [request.method for request in both.cluster.requests] == ["GET"]


def _remove(live: Live) -> None:
    live.cluster.imports.streams.delete_tag("shop", f"{live.name}:live")


def _forget(live: Live) -> None:
    live.change(annotations=None)


@pytest.mark.parametrize("loss", [_remove, _forget])
def test_what_was_lost_is_mended(live: Live, loss: Callable[[Live], None]) -> None:
    made = live.promoted()
    before = live.noted()
    loss(live)
    assert live.promote().result["status"] == "unchanged"
    assert live.digests == [made.digest]
    assert {**live.noted(), "at": ""} == {**before, "at": ""}


def test_a_dry_run_mends_nothing(live: Live) -> None:
    live.promoted()
    _remove(live)
    outcome = live.promote("--dry-run")
    assert outcome.result["status"] == "unchanged"
    assert f"{live.reference} would be set" in outcome.stderr
    assert live.streams.cluster.image_stream("shop", live.name)["status"]["tags"] == []


def test_what_somebody_else_pushed_has_no_facts(integrated: Live) -> None:
    made = integrated.push()
    registry_client.push(made, integrated.streams.registry, f"shop/{integrated.name}", "live")
    integrated.cluster.push("shop", integrated.name, "live", made.digest)
    assert integrated.promote().result["status"] == "unchanged"
    assert integrated.noted() == {"digest": made.digest}


def test_what_an_interruption_left_behind_is_finished(live: Live) -> None:
    first, second = live.promoted(), live.push(2)
    registry_client.push(second, live.streams.registry, f"shop/{live.name}", "live")
    assert live.promote().result["status"] == "unchanged"
    assert live.digests == [second.digest, first.digest]


# Somebody else's tags


def test_a_tag_that_somebody_else_set_is_refused_unless_forced(live: Live) -> None:
    made = live.push()
    live.cluster.push("shop", live.name, "live", OTHER)
    error = live.promote().error
    assert (error["exit_code"], error["message"]) == (
        3,
        f"{live.reference} is taken: it is {OTHER}, not {made.digest}.",
    )
    assert (live.digest, live.digests) == (None, [OTHER])
    assert live.promote("--force").result["status"] == "promoted"
    assert live.digests == [made.digest, OTHER]


def test_a_tag_that_was_moved_back_by_hand_stays_there(live: Live) -> None:
    first, second = live.promoted(), live.promoted(2)
    live.set({"kind": "ImageStreamImage", "name": f"{live.name}@{first.digest}"}, generation=0)
    error = live.promote().error
    assert error["exit_code"] == 3
    assert f"it is {first.digest}, not {second.digest}" in error["message"]
    assert live.digests[0] == first.digest
    assert live.promote("--force").result["status"] == "unchanged"
    assert live.digests[0] == second.digest


def test_a_tag_that_somebody_else_sets_meanwhile_is_theirs(live: Live) -> None:
    made = live.push()
    live.cluster.push("shop", live.name, "other", DIGESTS[1])
    live.cluster.faults.before_tag(lambda: live.cluster.push("shop", live.name, "live", OTHER))
    error = live.promote().error
    assert error["exit_code"] == 3
    assert f"{live.reference} is taken: it is {OTHER}, not {made.digest}." in error["message"]
    assert live.digests == [OTHER]


def test_a_stream_that_is_changed_meanwhile_is_looked_at_again(both: Live) -> None:
    made = both.push()
    both.cluster.push("shop", both.name, "other", OTHER)
    both.cluster.faults.before_tag(lambda: both.cluster.push("shop", both.name, "other", DIGESTS[1]))
    assert both.promote().result["status"] == "promoted"
    assert both.digests == [made.digest]
    assert both.noted()["digest"] == made.digest


# Failures


def test_an_api_that_is_away_for_a_moment_is_waited_for(both: Live) -> None:
    made = both.push()
    both.cluster.faults.before_tag(lambda: both.cluster.faults.unavailable(8))
    both.streams.promoter.hurry()
    assert both.promote().result["stream_tag"] == both.reference
    assert both.digests == [made.digest]


def test_without_the_right_nothing_is_promoted(both: Live) -> None:
    both.push()
    both.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop")])
    error = both.promote().error
    assert (error["kind"], error["exit_code"]) == ("not-permitted", 5)
    assert (
        f"may not update imagestreamtags in project shop, so the image stream's tag {both.reference}"
        in error["message"]
    )
    assert "oc policy add-role-to-user registry-editor ACCOUNT --namespace shop" in error["remedy"]
    assert both.digest is None


def test_setting_tags_takes_no_more_than_these_rights(both: Live) -> None:
    both.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop"), set_tags("shop")])
    made = both.promoted()
    assert both.digests == [made.digest]


@pytest.fixture
def private(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Iterator[Registry]:
    """A registry that the cluster has no pull secret for."""
    users = {PRODUCTION_USER: PRODUCTION_PASSWORD}
    with Registry(tmp_path_factory.mktemp("private"), ca, Htpasswd(users)) as registry:
        yield registry


def test_what_the_cluster_cannot_import_is_taken_back(live: Live, private: Registry, cluster: Cluster) -> None:
    live.streams.registry = private
    for environment in ("stage", "prod"):
        live.streams.environments[environment]["registry"] = private.host
    first = live.push()
    error = live.promote().error
    assert (error["kind"], error["exit_code"]) == ("not-permitted", 5)
    assert f"The image stream's tag {live.reference} could not be set: The cluster could not import" in error["message"]
    assert error["message"].endswith(f"live stays {first.digest}, since it was nothing before.")
    assert live.digest == first.digest

    cluster.add_registry(private)
    assert live.promote().result["status"] == "unchanged"
    assert live.digests == [first.digest]


def test_a_cluster_that_would_import_one_platform_only_imports_nothing(live: Live) -> None:
    first, index = live.promoted(), live.push(2, "oci index")
    live.cluster.imports.one_platform = True
    error = live.promote("--force").error
    assert (error["kind"], error["exit_code"]) == ("verification-failed", 7)
    assert f"The cluster would import {index.children[0].digest} for" in error["message"]
    assert (live.digest, live.digests) == (first.digest, [first.digest])


def _lose_rights(live: Live) -> None:
    """Take the right to set tags away once it was asked for, and have the cluster look again."""

    def take() -> None:
        live.cluster.push("shop", live.name, "other", OTHER)
        live.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop")])

    live.cluster.faults.before_tag(take)


def test_a_flip_that_the_image_stream_does_not_follow_is_taken_back(live: Live) -> None:
    first, second = live.promoted(), live.push(2)
    _lose_rights(live)
    error = live.promote("--force").error
    assert (error["kind"], error["exit_code"]) == ("not-permitted", 5)
    assert error["message"].endswith(f"live was rolled back to {first.digest}.")
    assert f"oc policy add-role-to-user registry-editor {TAGGER} --namespace shop" in error["remedy"]
    assert (live.digest, live.digests) == (first.digest, [first.digest])
    assert live.noted()["digest"] == first.digest
    actions = [("rolled-back", first.digest), ("promoted", second.digest), ("promoted", first.digest)]
    assert live.history() == actions


def test_a_flip_in_its_own_registry_is_taken_back_as_well(integrated: Live) -> None:
    first, second = integrated.promoted(), integrated.push(2)
    _lose_rights(integrated)
    error = integrated.promote("--force").error
    assert error["exit_code"] == 5
    assert error["message"].endswith(f"live was rolled back to {first.digest}.")
    assert (integrated.digest, integrated.digests[:2]) == (first.digest, [first.digest, second.digest])


# Rollbacks


def test_a_rollback_takes_the_image_streams_tag_along(both: Live) -> None:
    first, second = both.promoted(), both.promoted(2)
    result = both.rollback("--reason", "it was bad").result
    assert (result["status"], both.digest) == ("rolled-back", first.digest)
    assert both.digests[:2] == [first.digest, second.digest]
    noted = both.noted()
    facts = [noted[key] for key in ("digest", "previous-digest", "reason", "record")]
    assert facts == [first.digest, second.digest, "it was bad", result["record"]]


def test_after_a_rollback_it_can_be_promoted_again(both: Live) -> None:
    both.promoted()
    second = both.promoted(2)
    assert both.rollback().exit_code == 0
    assert both.promote("--force").result["status"] == "promoted"
    assert both.digests[0] == second.digest


def test_without_the_right_nothing_is_rolled_back(both: Live) -> None:
    both.promoted()
    second = both.promoted(2)
    both.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop")])
    assert both.rollback().error["exit_code"] == 5
    assert both.digest == second.digest


def test_a_rollback_that_the_image_stream_does_not_follow_can_be_finished(live: Live) -> None:
    first, second = live.promoted(), live.promoted(2)
    _lose_rights(live)
    error = live.rollback().error
    assert error["exit_code"] == 5
    assert f"live is {first.digest} again, but the image stream's tag {live.reference} could not be" in error["message"]
    assert error["remedy"].endswith(f"Then finish with `promoter rollback --to {first.digest}`.")
    assert (live.digest, live.digests) == (first.digest, [second.digest, first.digest])
    live.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop"), set_tags("shop")])
    assert live.rollback("--to", first.digest).result["status"] == "unchanged"
    assert live.digests[0] == first.digest


def test_a_rollback_leaves_what_somebody_else_set(live: Live) -> None:
    live.promoted()
    second = live.promoted(2)
    live.cluster.push("shop", live.name, "live", OTHER)
    assert live.rollback().error["exit_code"] == 3
    assert (live.digest, live.digests[0]) == (second.digest, OTHER)


# What watches the image stream's tag


def test_what_watches_it_rolls_out(live: Live) -> None:
    live.cluster.add(DEPLOYMENTS, "shop", deployment("web", [{"name": f"{live.name}:live"}]))
    made = live.push()
    assert live.promote("--roll-out").result["rollout"] == {"deployments": ["deployment/web"], "pods": 1}
    assert live.streams.runs("web", made)


def test_a_rollout_that_fails_takes_it_along(live: Live) -> None:
    watching = deployment("web", [{"name": f"{live.name}:live"}], progressDeadlineSeconds=1)
    live.cluster.add(DEPLOYMENTS, "shop", watching)
    first, second = live.promoted(), live.push(2)
    live.cluster.rollouts.spoil(second.digest)
    assert live.promote("--force", "--roll-out").error["exit_code"] == 9
    assert (live.digest, live.digests[0]) == (first.digest, first.digest)
