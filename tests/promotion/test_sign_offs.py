"""Applications sign an image off, each under its own name, and whoever waits for all of them lets it be `verified`."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from tests.conftest import PRODUCTION_PASSWORD
from tests.support.faults import FaultyProxy
from tests.support.images import Blob, Image, make_image, referrers_tag
from tests.support.promoter import Outcome, Running, in_little_time
from tests.support.registries import Registry
from tests.support.shop import Shop, Side, writes
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

APPLICATIONS = ("billing", "shop", "web")
BUILD = "https://jenkins.example.com/job/billing/7/"


def push(shop: Shop, version: object = 1) -> Image:
    """Put an image into prod, under the tag 1.0."""
    image = make_image(seed=f"{shop.name} {version}")
    shop.prod.push(image)
    return image


def sign(shop: Shop, application: str, *flags: str) -> Outcome:
    """Sign the image off that prod's tag is."""
    return shop.run("sign-off", shop.image(shop.prod), application, *flags)


def signed(shop: Shop, *applications: str) -> None:
    """Sign the image off under several names, one after the other."""
    for application in applications:
        sign(shop, application).result  # noqa: B018 - asserts that it succeeded


def awaited(shop: Shop, *arguments: str) -> Outcome:
    """Await the sign-offs of the image that prod's tag is."""
    return shop.run("await-sign-offs", shop.image(shop.prod), *arguments)


def start(shop: Shop, *arguments: str) -> Running:
    """Start awaiting; to be used in a `with`."""
    shop.configure()
    return shop.promoter.start("await-sign-offs", shop.image(shop.prod), *arguments)


def standing(shop: Shop, *applications: str) -> dict[str, str]:
    """Return the verdicts that count, by application; nothing is changed by looking."""
    result = awaited(shop, *applications, "--dry-run").result
    assert {one["application"] for one in result["sign_offs"]} | set(result["missing"]) == set(applications)
    return {one["application"]: one["verdict"] for one in result["sign_offs"]}


def tag_of(image: Image, application: str) -> str:
    """Return the tag of an application's sign-off."""
    return f"{referrers_tag(image)}.sign-off-{application}"


def copied(side: Side, tag: str) -> Image:
    """Return what is under a tag, with its blobs, as somebody would copy it."""
    found = side.resolve(tag)
    assert found
    layers = json.loads(found.content)["layers"]
    blobs = tuple(Blob.of(side.registry.blob_file(layer["digest"]).read_bytes()) for layer in layers)
    return Image(found.content, found.media_type, blobs)


def statement(side: Side, tag: str) -> dict[str, Any]:
    """Return the statement under a tag."""
    content: dict[str, Any] = json.loads(side.registry.blob_file(copied(side, tag).blobs[0].digest).read_bytes())
    return content


def wait_for_a_look(proxy: FaultyProxy) -> None:
    """Return once a look that began after this call is over: each ends with a look at the tag, as finding it does."""

    def ended() -> int:
        seen = [one for one in proxy.requests if (one.method, one.status) == ("HEAD", 200)]
        return len([one for one in seen if one.path.endswith("/manifests/1.0")])

    before = ended()
    wait_until(lambda: ended() >= before + 2, "a look")


# Becoming verified


@pytest.mark.statement("P20")
def test_an_image_becomes_verified_once_all_have_signed_it_off(shop: Shop, before_prod: FaultyProxy) -> None:
    image = push(shop)
    with start(shop, *APPLICATIONS, "--requested-by", "alice") as waiting:
        wait_for_a_look(before_prod)
        signed(shop, "shop")
        wait_for_a_look(before_prod)
        assert shop.prod.digest("verified") is None
        signed(shop, "web", "billing")
        outcome = waiting.outcome()

    result = outcome.result
    assert (result["status"], result["digest"], result["missing"]) == ("verified", image.digest, [])
    assert [one["application"] for one in result["sign_offs"]] == [*APPLICATIONS]
    assert shop.prod.digest("verified") == image.digest
    said = [line for line in outcome.stderr.splitlines() if "verified" in line]
    assert said[0] == "waiting for billing, shop, web (0 of 3 verified)"
    assert said[1] == "waiting for billing, web (1 of 3 verified)"
    assert said[-1] == "verified by billing, shop, web"
    [entry] = shop.history("verified")
    assert (entry["signed_off_by"], entry["requested_by"]) == ("billing, shop, web", "alice")


def test_what_was_verified_already_is_so_at_once_and_stays(shop: Shop) -> None:
    push(shop)
    signed(shop, "billing")
    first = awaited(shop, "billing").result
    with shop.prod.registry.recording() as seen:
        again = awaited(shop, "billing").result
    assert (first["promotion"]["status"], again["promotion"]["status"]) == ("promoted", "unchanged")
    assert (again["status"], again["sign_offs"]) == ("verified", first["sign_offs"])
    assert writes(seen) == []


def test_verified_moves_from_image_to_image_and_the_one_before_is_kept(shop: Shop) -> None:
    first = push(shop)
    signed(shop, "billing")
    awaited(shop, "billing").result  # noqa: B018 - asserts that it succeeded
    second = push(shop, 2)
    signed(shop, "billing")

    promotion = awaited(shop, "billing").result["promotion"]

    assert (promotion["previous_digest"], promotion["digest"]) == (first.digest, second.digest)
    assert shop.prod.digest(promotion["kept"]) == first.digest


def test_the_tag_is_the_one_that_is_named(shop: Shop) -> None:
    image = push(shop)
    signed(shop, "billing")
    promotion = awaited(shop, "billing", "--tag", "integrated").result["promotion"]
    assert promotion["destination"] == f"{shop.prod}:integrated"
    assert shop.prod.digest("integrated") == image.digest
    assert shop.prod.digest("verified") is None


def test_without_a_tag_nothing_is_changed(shop: Shop) -> None:
    push(shop)
    signed(shop, "billing")
    with shop.prod.registry.recording() as seen:
        result = awaited(shop, "billing", "--tag", "").result
    assert (result["status"], result["promotion"]) == ("verified", None)
    assert writes(seen) == []


def test_an_image_can_be_named_by_its_digest_and_in_full(shop: Shop) -> None:
    image = push(shop)
    shop.prod.push(make_image(seed=f"{shop.name} another"))
    reference = f"{shop.prod}@{image.digest}"
    access = ("--destination-ca", shop.environments["prod"]["ca"], "--destination-credentials", "authfile:auth.json")
    auth = shop.prod.registry.authorization(shop.prod.repository)
    assert auth
    file = {"auths": {shop.prod.registry.host: {"auth": auth.removeprefix("Basic ")}}}
    (shop.promoter.directory / "auth.json").write_text(json.dumps(file))

    assert shop.promoter.run("sign-off", reference, "billing", *access).result["digest"] == image.digest
    result = shop.promoter.run("await-sign-offs", reference, "billing", *access).result

    assert (result["status"], result["digest"]) == ("verified", image.digest)
    assert shop.prod.digest("verified") == image.digest


# What a sign-off states


def test_a_sign_off_says_who_tried_it_how_it_went_and_where_to_read_more(shop: Shop) -> None:
    image = push(shop)
    link = "https://jenkins.example.com/job/billing/8/testReport"
    flags = ("--rejected", "--link", link, "--reason", "no TLS 1.3", "--requested-by", "bob")
    result = sign(shop, "billing", *flags).result

    stated = result["sign_off"]
    assert (result["status"], result["digest"]) == ("signed-off", image.digest)
    assert stated.pop("at").endswith("Z")
    record = stated.pop("record")
    assert stated == {
        "application": "billing",
        "verdict": "rejected",
        "signed_by": "bob",
        "link": link,
        "reason": "no TLS 1.3",
    }
    found = statement(shop.prod, tag_of(image, "billing"))
    assert found["subject"][0]["digest"] == {"sha256": image.digest.removeprefix("sha256:")}
    assert found["predicateType"] == "urn:image-promoter:sign-off:v1"
    assert found["predicate"].items() >= {**stated, "destination": str(shop.prod)}.items()
    artifact = copied(shop.prod, tag_of(image, "billing"))
    assert json.loads(artifact.content)["subject"]["digest"] == image.digest
    assert record == f"{shop.prod}@{artifact.digest}"
    listed = shop.prod.resolve(referrers_tag(image))
    assert listed
    assert [entry["digest"] for entry in json.loads(listed.content)["manifests"]] == [artifact.digest]


def test_in_a_build_that_is_who_signed_it_off_and_what_to_read(shop: Shop) -> None:
    push(shop)
    shop.promoter.environment |= {"BUILD_TAG": "jenkins-billing-7", "BUILD_URL": BUILD}
    stated = sign(shop, "billing").result["sign_off"]
    assert (stated["signed_by"], stated["link"], stated["verdict"]) == ("jenkins-billing-7", BUILD, "verified")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://bob:pw@ci.example.com/7", "https://", f"{BUILD}\nx"])
def test_a_link_that_is_none_is_refused(shop: Shop, link: str) -> None:
    image = push(shop)
    outcome = sign(shop, "billing", "--link", link)
    assert outcome.error["kind"] == "wrong-usage"
    assert "bob:pw" not in outcome.stdout + outcome.stderr
    assert shop.prod.digest(tag_of(image, "billing")) is None


def test_no_secret_is_part_of_it(shop: Shop) -> None:
    image = push(shop)
    secret = f"it took {PRODUCTION_PASSWORD} to get in"
    outcome = sign(shop, "billing", "--reason", secret, "--link", f"{BUILD}?{PRODUCTION_PASSWORD}")
    assert outcome.result["sign_off"]["reason"] == "it took **** to get in"
    stated = statement(shop.prod, tag_of(image, "billing"))["predicate"]
    assert (stated["reason"], stated["link"]) == ("it took **** to get in", f"{BUILD}?****")
    assert PRODUCTION_PASSWORD not in f"{outcome.stdout}{outcome.stderr}"


def test_it_is_told_in_words(shop: Shop) -> None:
    image = push(shop)
    shop.configure()
    flags = ("--rejected", "--reason", "no TLS", "--link", BUILD, "--requested-by", "bob")
    words = shop.promoter.run("sign-off", shop.image(shop.prod), "billing", *flags, json=False).stdout.splitlines()
    assert words[:2] == [f"signed-off: {shop.prod}:1.0", f"  digest     {image.digest}"]
    assert words[2].startswith("  rejected   by billing, ")
    assert words[2].endswith(", bob: no TLS")
    assert words[3] == f"{'':13}{BUILD}"
    assert words[2:4] == shop.promoter.run("describe", shop.image(shop.prod), json=False).stdout.splitlines()[-2:]
    look = ("await-sign-offs", shop.image(shop.prod), "billing", "shop", "--dry-run")
    assert shop.promoter.run(*look, json=False).stdout.splitlines() == [
        f"rejected: {shop.prod}:1.0",
        f"  digest     {image.digest}",
        *words[2:4],
        "  missing    shop",
    ]


# Rejections


@pytest.mark.statement("P20")
def test_one_rejection_ends_the_wait_at_once(shop: Shop, before_prod: FaultyProxy) -> None:
    image = push(shop)
    with start(shop, *APPLICATIONS) as waiting:
        wait_for_a_look(before_prod)
        sign(shop, "shop", "--rejected", "--reason", "no TLS", "--link", BUILD)
        outcome = waiting.outcome()
    assert outcome.exit_code == 3
    for part in ("shop: no TLS", BUILD, image.digest):
        assert part in outcome.error["message"]
    assert shop.prod.digest("verified") is None


def test_the_later_sign_off_of_an_application_counts(shop: Shop) -> None:
    push(shop)
    sign(shop, "billing", "--rejected")
    assert standing(shop, "billing") == {"billing": "rejected"}
    sign(shop, "billing")
    assert awaited(shop, "billing").result["status"] == "verified"
    sign(shop, "billing", "--rejected")
    assert awaited(shop, "billing").exit_code == 3


def test_of_an_application_that_is_not_awaited_nothing_is_asked(shop: Shop) -> None:
    push(shop)
    sign(shop, "elsewhere", "--rejected")
    signed(shop, "billing")
    assert awaited(shop, "billing").result["status"] == "verified"


# What does not count


@pytest.mark.statement("P20")
def test_a_sign_off_of_another_digest_does_not_count(shop: Shop) -> None:
    push(shop)
    signed(shop, "billing")
    push(shop, 2)
    assert standing(shop, "billing") == {}


def _of_another_digest(shop: Shop, image: Image) -> Image:
    return copied(shop.prod, tag_of(image, "billing"))


def _of_another_application(shop: Shop, _image: Image) -> Image:
    second = push(shop, 2)
    signed(shop, "shop")
    return copied(shop.prod, tag_of(second, "shop"))


def _of_another_repository(shop: Shop, _image: Image) -> Image:
    elsewhere = Side("elsewhere", shop.prod.registry, f"elsewhere/{shop.name}")
    shop.environments["elsewhere"] = {**shop.environments["prod"], "project": "elsewhere"}
    second = push(shop, 2)
    elsewhere.push(second)
    assert shop.run("sign-off", shop.image(elsewhere), "billing").exit_code == 0
    return copied(elsewhere, tag_of(second, "billing"))


def _a_record(shop: Shop, _image: Image) -> Image:
    push(shop, 2)
    record = shop.run("promote", shop.image(shop.prod), shop.image(shop.prod, "live")).result["record"]
    return copied(shop.prod, record.rpartition("@")[2])


def _another_image(shop: Shop, _image: Image) -> Image:
    push(shop, 2)
    return make_image(seed=f"{shop.name} other")


FORGERIES = [_of_another_digest, _of_another_application, _of_another_repository, _a_record, _another_image]


@pytest.mark.parametrize("forge", FORGERIES)
def test_what_is_under_the_tag_of_a_sign_off_is_not_trusted_to_be_one(
    shop: Shop, forge: Callable[[Shop, Image], Image]
) -> None:
    first = push(shop)
    signed(shop, "billing")
    forged = forge(shop, first)
    second = push(shop, 2)

    shop.prod.push(forged, tag_of(second, "billing"))

    assert standing(shop, "billing") == {}
    signed(shop, "billing")
    assert standing(shop, "billing") == {"billing": "verified"}


@pytest.mark.parametrize(
    "change",
    [
        {"predicateType": "urn:image-promoter:promotion:v1"},
        {"subject": [{"name": "x", "digest": {"sha256": "0" * 64}}]},
        {"predicate": ["verified"]},
        {"predicate": {"verdict": "perhaps"}},
        {"predicate": {"reason": 5}},
        {"predicate": {"at": None}},
    ],
    ids=str,
)
def test_a_statement_that_says_something_else_does_not_count(shop: Shop, change: dict[str, Any]) -> None:
    image = push(shop)
    signed(shop, "billing")
    tag = tag_of(image, "billing")
    said, real = statement(shop.prod, tag), copied(shop.prod, tag)
    if isinstance(change.get("predicate"), dict):
        change = {"predicate": {**said["predicate"], **change["predicate"]}}
    payload = Blob.of(json.dumps({**said, **change}).encode())
    descriptor = {"mediaType": "application/vnd.in-toto+json", "digest": payload.digest, "size": payload.size}
    manifest = {**json.loads(real.content), "config": descriptor, "layers": [descriptor]}

    shop.prod.push(Image(json.dumps(manifest).encode(), real.media_type, (payload,)), tag)

    assert standing(shop, "billing") == {}


def test_sign_offs_do_not_travel_with_an_image_since_they_could_be_forged(shop: Shop) -> None:
    image = push(shop)
    signed(shop, "billing")
    archive = Side("archive", shop.prod.registry, f"archive/{shop.name}")
    shop.environments["archive"] = {**shop.environments["prod"], "project": "archive"}

    result = shop.run("promote", shop.image(shop.prod), "archive").result

    assert archive.tags() == {"1.0", referrers_tag(image)}
    listed = archive.resolve(referrers_tag(image))
    assert listed
    record = result["record"].rpartition("@")[2]
    assert [entry["digest"] for entry in json.loads(listed.content)["manifests"]] == [record]


# Many at once


@pytest.mark.statement("P20")
def test_of_many_that_sign_at_once_none_is_lost(shop: Shop) -> None:
    push(shop)
    applications = [f"application-{number}" for number in range(12)]
    shop.configure()
    image = shop.image(shop.prod)
    with ExitStack() as stack:
        commands = [stack.enter_context(shop.promoter.start("sign-off", image, name)) for name in applications]
        assert [command.outcome().exit_code for command in commands] == [0] * 12
    assert standing(shop, *applications) == dict.fromkeys(applications, "verified")
    assert awaited(shop, *applications).result["status"] == "verified"


def test_a_sign_off_that_cannot_be_listed_counts_all_the_same(shop: Shop, before_prod: FaultyProxy) -> None:
    image = push(shop)
    before_prod.when("PUT", f"/manifests/{referrers_tag(image)}$").answer(405)
    outcome = sign(shop, "billing")
    assert outcome.result["status"] == "signed-off"
    assert "signed off, but not listed" in outcome.stderr
    assert standing(shop, "billing") == {"billing": "verified"}


# Time and trouble


def test_a_time_out_says_who_is_missing(shop: Shop) -> None:
    image = push(shop)
    signed(shop, "shop")
    outcome = in_little_time(
        lambda seconds: awaited(shop, *APPLICATIONS, f"--timeout={seconds}s"),
        lambda outcome: "waiting for billing, web" in outcome.stderr,
    )
    assert outcome.exit_code == 8
    assert outcome.error["message"].endswith(f"It is {image.digest}; not signed off by billing, web.")
    assert shop.prod.digest("verified") is None


def test_a_tag_that_moves_meanwhile_is_not_verified(shop: Shop, before_prod: FaultyProxy) -> None:
    first = push(shop)
    with start(shop, *APPLICATIONS) as waiting:
        wait_for_a_look(before_prod)
        second = push(shop, 2)
        signed(shop, *APPLICATIONS)
        outcome = waiting.outcome()
    assert outcome.exit_code == 3
    assert f"is {second.digest}, not {first.digest}" in outcome.error["message"]
    assert shop.prod.digest("verified") is None
    assert awaited(shop, *APPLICATIONS).result["digest"] == second.digest


def test_a_digest_that_is_named_stays_what_it_is(shop: Shop) -> None:
    first = push(shop)
    signed(shop, "billing")
    push(shop, 2)
    result = shop.run("await-sign-offs", f"prod/{shop.name}@{first.digest}", "billing").result
    assert (result["status"], shop.prod.digest("verified")) == ("verified", first.digest)


def test_a_registry_that_is_away_meanwhile_is_waited_for(shop: Shop, before_prod: FaultyProxy) -> None:
    image = push(shop)
    signed(shop, "billing")
    shop.promoter.hurry()
    before_prod.when("GET", tag_of(image, "billing"), times=6).answer(503)  # as often as it is asked for in one look
    before_prod.when("GET", tag_of(image, "billing"), times=1).drop()
    outcome = awaited(shop, "billing")
    assert outcome.result["status"] == "verified"
    assert "cannot be looked at just now" in outcome.stderr


def test_sigterm_ends_the_wait_and_changes_nothing(shop: Shop, before_prod: FaultyProxy) -> None:
    push(shop)
    with start(shop, "billing") as waiting, shop.prod.registry.recording() as seen:
        wait_for_a_look(before_prod)
        waiting.send(signal.SIGTERM)
        outcome = waiting.outcome()
    assert outcome.exit_code == 143
    assert writes(seen) == []


def test_a_registry_that_is_not_there_is_named(shop: Shop, ca: CertificateAuthority, non_production: Registry) -> None:
    with FaultyProxy(non_production, ca) as gone:
        shop.environments["prod"]["registry"] = gone.host
    shop.promoter.hurry()
    for outcome in (sign(shop, "billing"), awaited(shop, "billing")):
        assert outcome.exit_code == 6
        assert gone.host in outcome.error["message"]


# What is refused


def test_who_may_only_pull_cannot_sign_off_but_can_look(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    outcome = shop.run("sign-off", shop.image(shop.stage), "billing")
    assert outcome.exit_code == 5
    assert shop.stage.tags() == {"1.0"}
    result = shop.run("await-sign-offs", shop.image(shop.stage), "billing", "--dry-run").result
    assert (result["status"], result["missing"]) == ("waiting", ["billing"])


def test_an_image_that_is_not_there_is_not_signed_off(shop: Shop) -> None:
    push(shop)
    for outcome in (sign(shop, "billing"), awaited(shop, "billing")):
        assert outcome.exit_code == 0
    for command in ("sign-off", "await-sign-offs"):
        outcome = shop.run(command, shop.image(shop.prod, "2.0"), "billing")
        assert outcome.exit_code == 4
        assert f"{shop.prod}:2.0" in outcome.error["message"]


@pytest.mark.parametrize("command", ["sign-off", "await-sign-offs"])
def test_a_name_that_is_none_is_refused_before_anything_is_sent(shop: Shop, command: str) -> None:
    with shop.prod.registry.recording() as seen:
        outcome = shop.run(command, shop.image(shop.prod), "Billing/../x")
    assert outcome.exit_code == 2
    assert "'Billing/../x'" in outcome.error["message"]
    assert seen.requests == []


def test_the_longest_name_is_one(shop: Shop) -> None:
    push(shop)
    signed(shop, "a" * 47)
    assert standing(shop, "a" * 47) == {"a" * 47: "verified"}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("billing", "shop", "billing"), "billing is named twice"),
        (("billing", "--tag", "no tag"), "'no tag'"),
        (("billing", "--tag", "sha256-x"), "kept for signatures"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_cannot_be_awaited_is_refused_before_anything_is_sent(
    shop: Shop, arguments: tuple[str, ...], word: str
) -> None:
    with shop.prod.registry.recording() as seen:
        outcome = awaited(shop, *arguments)
    assert outcome.exit_code == 2
    assert word in outcome.error["message"]
    assert seen.requests == []


@pytest.mark.parametrize("command", ["sign-off", "await-sign-offs"])
def test_an_image_without_tag_and_digest_is_refused(shop: Shop, command: str) -> None:
    outcome = shop.run(command, f"prod/{shop.name}", "billing")
    assert outcome.exit_code == 2
    assert "names neither tag nor digest" in outcome.error["message"]


def test_a_dry_run_changes_nothing(shop: Shop) -> None:
    push(shop)
    with shop.prod.registry.recording() as seen:
        planned = sign(shop, "billing", "--dry-run").result
        assert (planned["status"], planned["sign_off"]["record"]) == ("planned", None)
        assert awaited(shop, "billing", "--dry-run").result["status"] == "waiting"
    assert writes(seen) == []
    sign(shop, "billing", "--rejected")
    with shop.prod.registry.recording() as seen:
        assert awaited(shop, "billing", "--dry-run").result["status"] == "rejected"
    assert writes(seen) == []
    signed(shop, "billing")
    with shop.prod.registry.recording() as seen:
        assert awaited(shop, "billing", "--dry-run").result["status"] == "verified"
    assert writes(seen) == []
