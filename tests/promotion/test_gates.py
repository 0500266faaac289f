"""The gates of a route: the sign-offs of applications, and what is said where gates are open."""

from __future__ import annotations

import json

import pytest

from promoter.promotion.sign_offs.reading import sign_off_tag
from tests.support.faults import FaultyProxy
from tests.support.fleet import listed
from tests.support.images import Image, make_image
from tests.support.promoter import Outcome
from tests.support.shop import Shop, writes
from tests.support.tokens import TokenService

APPROVAL = {"by": ["alice", "bob"]}


@pytest.fixture
def image(shop: Shop) -> Image:
    """An image at stage."""
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    return image


@pytest.fixture
def gated(shop: Shop, token_service: TokenService, image: Image) -> Shop:
    """The shop, whose route asks `billing` and `checkout` to sign off; stage's token may do so."""
    shop.log_in("stage", token_service.mint("system:serviceaccount:shop-dev:ci", {"shop-dev": "pull,push"}))
    shop.routes = [{"from": "stage", "to": "prod", "gates": {"sign-offs": ["billing", "checkout"]}}]
    return shop


def sign_off(shop: Shop, *flags: str, by: str = "billing") -> None:
    """Sign the image off at stage."""
    outcome = shop.run("sign-off", shop.image(shop.stage), by, *flags)
    assert outcome.exit_code == 0, outcome.stderr


def refused(shop: Shop, *flags: str) -> dict[str, str]:
    """Promote what may not be promoted yet; return the error."""
    with shop.stage.registry.recording() as stage, shop.prod.registry.recording() as prod:
        outcome = shop.promote(*flags)
    assert outcome.exit_code == 3
    assert writes(stage) + writes(prod) == []
    return outcome.error


def test_signed_off_by_all(gated: Shop, image: Image) -> None:
    for application in ("checkout", "billing"):
        sign_off(gated, by=application)

    outcome = gated.promote()

    assert outcome.result["gates"] == ["signed off by billing", "signed off by checkout"]
    assert gated.prod.digest() == image.digest
    [entry] = gated.history()
    assert (entry["signed_off_by"], entry["approved_by"]) == ("billing, checkout", None)
    assert "    signed off by billing, checkout\n" in people(gated, "history").stdout
    assert ", signed off by billing, checkout\n" in people(gated, "describe").stdout


def people(shop: Shop, command: str) -> Outcome:
    """Run a command about the image in production, for people."""
    return shop.promoter.run(command, shop.image(shop.prod), json=False)


def test_open_gates_are_named_together(gated: Shop, image: Image) -> None:
    gated.routes[0]["gates"]["approval"] = APPROVAL
    sign_off(gated, "--rejected", "--reason=totals are wrong", "--link=https://ci.example.com/7")

    error = refused(gated)

    rejected = "rejected by billing: totals are wrong (https://ci.example.com/7)"
    assert error["message"] == (
        f"{gated.stage}:1.0 may not become {gated.prod}:1.0 yet; open is: {rejected}; sign-off by checkout; "
        "approval by 1 of alice, bob."
    )
    assert f"--approved-digest {image.digest}" in error["remedy"]
    assert f"promoter sign-off {gated.image(gated.stage)} APPLICATION" in error["remedy"]


def test_what_an_application_says_passes_for_no_line_of_ours(gated: Shop, image: Image) -> None:
    gated.routes[0]["gates"]["approval"] = APPROVAL
    sign_off(gated, "--rejected", "--reason=totals\nare \x1b[2Kwrong\r\ndigest: none")
    said = "rejected by billing: totals are [2Kwrong digest: none"

    result = gated.promote("--until-approval").result

    assert (result["status"], result["open_gates"][0]) == ("awaiting-approval", said)
    assert said in refused(gated)["message"]


def test_an_approval_does_not_stand_for_a_sign_off(gated: Shop, image: Image) -> None:
    gated.routes[0]["gates"]["approval"] = APPROVAL
    sign_off(gated)
    flags = ("--approval=alice: at once", f"--approved-digest={image.digest}", "--until-approval")
    assert "open is: sign-off by checkout." in refused(gated, *flags)["message"]
    sign_off(gated, by="checkout")
    assert gated.promote(*flags).result["gates"] == [
        "signed off by billing",
        "signed off by checkout",
        "approved by alice: at once",
    ]


def test_until_approval_shows_open_sign_offs(gated: Shop) -> None:
    gated.routes[0]["gates"]["approval"] = APPROVAL
    sign_off(gated)
    result = gated.promote("--until-approval").result
    assert (result["status"], result["gates"]) == ("awaiting-approval", ["signed off by billing"])
    assert result["open_gates"] == ["sign-off by checkout", "approval by 1 of alice, bob"]
    assert gated.prod.tags() == set()


def test_until_approval_does_not_wait_for_sign_offs(gated: Shop) -> None:
    assert "sign-off by billing; sign-off by checkout." in refused(gated, "--until-approval")["message"]


def test_dry_run_shows_open_sign_offs(gated: Shop) -> None:
    sign_off(gated)
    outcome = gated.promote("--dry-run")
    assert (outcome.result["status"], outcome.result["approval"]) == ("planned", None)
    assert (outcome.result["gates"], outcome.result["open_gates"]) == (
        ["signed off by billing"],
        ["sign-off by checkout"],
    )
    assert gated.prod.tags() == set()


def test_a_sign_off_of_another_digest_does_not_count(gated: Shop) -> None:
    for application in ("billing", "checkout"):
        sign_off(gated, by=application)
    gated.stage.push(make_image(seed="built since"))
    assert "open is: sign-off by billing; sign-off by checkout." in refused(gated)["message"]


def test_a_rejection_that_arrives_during_the_copy_is_heeded(
    gated: Shop, image: Image, before_prod: FaultyProxy
) -> None:
    for application in ("billing", "checkout"):
        sign_off(gated, by=application)
    hold = before_prod.when("PUT", "/blobs/uploads/", times=1).hold()

    with gated.start_promotion() as running:
        hold.wait_until_reached()
        sign_off(gated, "--rejected", "--reason=totals are wrong")
        hold.release()
        outcome = running.outcome()

    assert outcome.exit_code == 3
    assert outcome.error["message"] == (
        f"{gated.stage}:1.0 may not become {before_prod.host}/{gated.prod.repository}:1.0 any more; open since the "
        "gates were looked at is: rejected by billing: totals are wrong."
    )
    assert (gated.prod.digest(), listed(gated.prod, image)) == (None, [])


def test_a_sign_off_that_is_gone_before_the_flip_is_missed(gated: Shop, image: Image, before_prod: FaultyProxy) -> None:
    for application in ("billing", "checkout"):
        sign_off(gated, by=application)
    hold = before_prod.when("PUT", "/manifests/sha256-", times=1).hold()

    with gated.start_promotion() as running:
        hold.wait_until_reached()
        gated.stage.push(image, sign_off_tag(image.digest, "checkout"))
        hold.release()
        outcome = running.outcome()

    assert (outcome.exit_code, gated.prod.digest()) == (3, None)
    assert outcome.error["message"].endswith(" is: sign-off by checkout.")


def test_only_a_route_that_asks_for_sign_offs_looks_for_them(gated: Shop) -> None:
    for application in ("billing", "checkout"):
        sign_off(gated, by=application)
    with gated.stage.registry.recording() as seen:
        assert gated.promote().exit_code == 0
    looks = [request.path for request in seen.matching("GET", "/manifests/sha256-")]
    assert sum(path.endswith(".sign-off-billing") for path in looks) == 2, "before the copy, and before the flip"

    gated.routes = []
    with gated.stage.registry.recording() as seen:
        assert gated.promote(tag="2.0").exit_code == 0
    assert [request.path for request in seen.requests if "sign-off" in request.path] == []


def test_a_sign_off_at_the_destination_does_not_count(gated: Shop, image: Image) -> None:
    gated.routes[0]["gates"]["sign-offs"] = ["billing"]
    gated.prod.push(image, "elsewhere")
    assert gated.run("sign-off", gated.image(gated.prod, "elsewhere"), "billing").exit_code == 0
    assert "open is: sign-off by billing." in refused(gated)["message"]


def test_what_is_there_already_asks_nobody(gated: Shop, image: Image) -> None:
    gated.prod.push(image)
    result = gated.promote().result
    assert (result["status"], result["gates"], result["open_gates"]) == ("unchanged", [], [])


def test_what_is_watched_passes_its_gates_or_is_refused_alone(gated: Shop, image: Image) -> None:
    """Of two tags one is signed off; the other one is refused, and is promoted once it is, too."""
    gated.routes[0] |= {"watch": [f"{gated.name}:{tag}" for tag in ("1.0", "2.0")]}
    for application in ("billing", "checkout"):
        sign_off(gated, by=application)
    newer = make_image(seed=f"{gated.name} newer")
    gated.stage.push(newer, "2.0")

    outcome = gated.run("watch")

    tags = {tag["source"].rpartition(":")[2]: tag for tag in json.loads(outcome.stdout)["tags"]}
    assert {tag: one["status"] for tag, one in tags.items()} == {"1.0": "promoted", "2.0": "refused"}
    assert "open is: sign-off by billing; sign-off by checkout." in tags["2.0"]["error"]["message"]
    assert (outcome.exit_code, gated.prod.digest(), gated.prod.digest("2.0")) == (10, image.digest, None)

    for application in ("billing", "checkout"):
        assert gated.run("sign-off", gated.image(gated.stage, "2.0"), application).exit_code == 0
    assert gated.run("watch").exit_code == 0
    assert gated.prod.digest("2.0") == newer.digest
