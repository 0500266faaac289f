"""Sign-offs are noted on the image stream's tag, for those who look there."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from tests.streams.conftest import Live
from tests.support.cluster import view
from tests.support.promoter import Outcome
from tests.support.shop import make

APPLICATIONS = ("billing", "shop")


def sign(live: Live, application: str, *flags: str) -> Outcome:
    """Sign off what `live` is."""
    return live.streams.run("sign-off", live.reference, application, *flags)


def notes(live: Live) -> dict[str, str]:
    """Return the sign-offs that are noted, by application."""
    prefix = "sign-off."
    return {key.removeprefix(prefix): text for key, text in live.noted().items() if key.startswith(prefix)}


def follow_elsewhere(live: Live) -> dict[str, Any]:
    """Let the image stream's tag follow what is promoted from, on schedule, and return what it follows."""
    origin = {"kind": "DockerImage", "name": live.streams.reference()}
    live.set(origin, importPolicy={"scheduled": True})
    live.cluster.imports.run_scheduled()
    return live.spec


@pytest.mark.statement("P20")
def test_a_sign_off_is_noted_on_the_image_streams_tag(both: Live) -> None:
    image = both.promoted()
    before = both.noted()
    result = sign(both, "billing", "--rejected").result
    assert (result["status"], result["stream_tag"]) == ("signed-off", both.reference)
    assert notes(both) == {"billing": f"rejected {image.digest} {result['sign_off']['at']}"}
    assert both.noted().items() > before.items()
    assert both.digests == [image.digest]


@pytest.mark.statement("P20")
def test_once_all_have_verified_it_the_image_streams_tag_is_verified_too(both: Live) -> None:
    image = both.promoted()
    for application in APPLICATIONS:
        assert sign(both, application).exit_code == 0
    result = both.streams.run("await-sign-offs", both.reference, *APPLICATIONS).result
    assert result["promotion"]["stream_tag"] == f"prod/{both.name}:verified"
    assert both.streams.digests("shop", both.name, "verified") == [image.digest]
    noted = both.streams.spec("shop", both.name, "verified")["annotations"]
    assert noted["image-promoter/signed-off-by"] == "billing, shop"


@pytest.mark.statement("P20")
def test_of_many_that_sign_at_once_all_are_noted(both: Live) -> None:
    both.promoted()
    applications = {f"application-{number}" for number in range(12)}
    with ExitStack() as stack:
        start = both.streams.start
        commands = [stack.enter_context(start("sign-off", both.reference, name)) for name in applications]
        assert [command.outcome().exit_code for command in commands] == [0] * 12
    assert notes(both).keys() == applications
    look = both.streams.run("await-sign-offs", both.reference, *applications, "--dry-run")
    assert look.result["missing"] == []


def test_a_tag_that_follows_something_goes_on_following_it(live: Live) -> None:
    image = live.promoted()
    before = follow_elsewhere(live)
    assert live.digests[0] == image.digest
    assert sign(live, "billing").result["stream_tag"] == live.reference
    after = live.spec
    assert notes(live).keys() == {"billing"}
    assert {**after, "annotations": None} == {**before, "annotations": None}


def test_sign_offs_stay_noted_when_the_same_digest_is_noted_anew(both: Live) -> None:
    both.promoted()
    assert sign(both, "billing").exit_code == 0
    signed = notes(both)
    both.change(annotations={f"image-promoter/sign-off.{name}": text for name, text in signed.items()})
    assert both.promote().result["status"] == "unchanged"
    assert "record" in both.noted()
    assert notes(both) == signed


def test_sign_offs_of_another_digest_go(both: Live) -> None:
    both.promoted()
    assert sign(both, "billing").exit_code == 0
    both.promoted(2)
    assert notes(both) == {}


def test_a_tag_that_is_another_digest_is_not_noted_on(live: Live) -> None:
    live.promoted()
    registry_only = make("oci image", f"{live.name} elsewhere")
    live.streams.repository = f"shop/{live.name}"
    live.streams.push(registry_only, "live")
    outcome = sign(live, "billing")
    assert (outcome.result["status"], outcome.result["stream_tag"]) == ("signed-off", None)
    assert f"not noted on {live.reference}, which is {live.digests[0]}" in outcome.stderr
    assert notes(live) == {}


def test_who_may_not_set_tags_signs_off_all_the_same(both: Live) -> None:
    image = both.promoted()
    both.cluster.add_user("system:serviceaccount:shop:hook", token="token-of-the-hook", rights=[view("shop")])
    both.streams.environments["prod"]["cluster"]["credentials"] = "env:TOKEN"
    both.streams.promoter.environment["TOKEN"] = "token-of-the-hook"
    outcome = sign(both, "billing")
    assert (outcome.result["status"], outcome.result["stream_tag"]) == ("signed-off", None)
    assert "signed off, but not noted" in outcome.stderr
    assert "registry-editor system:serviceaccount:shop:hook" in outcome.stderr
    look = both.streams.run("await-sign-offs", both.reference, "billing", "--dry-run").result
    assert (look["status"], look["digest"]) == ("verified", image.digest)


def test_by_its_digest_an_image_is_signed_off_without_its_cluster(live: Live) -> None:
    image = live.promoted()
    live.cluster.requests.clear()
    reference = f"prod/{live.name}@{image.digest}"
    assert live.streams.run("sign-off", reference, "billing").result["stream_tag"] is None
    assert live.cluster.requests == []


def test_a_dry_run_notes_nothing(live: Live) -> None:
    live.promoted()
    live.cluster.requests.clear()
    assert sign(live, "billing", "--dry-run").result["status"] == "planned"
    assert live.streams.writes() == []
    assert notes(live) == {}
