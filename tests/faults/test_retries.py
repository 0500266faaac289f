"""What fails in passing is tried again; what is an answer is not."""

from __future__ import annotations

import socket
import time

import pytest

from tests.support.faults import FaultyProxy, Rule
from tests.support.images import make_image
from tests.support.promoter import in_little_time
from tests.support.shop import Shop, make

ATTEMPTS = 6

# What a promotion does at the destination, in this order; skopeo is in the middle.
STEPS = {
    "looks at the tag": ("HEAD", "/manifests/1.0$"),
    "asks for a blob": ("HEAD", "/blobs/"),
    "mounts a blob": ("POST", "mount="),
    "opens an upload": ("POST", "/blobs/uploads/$"),
    "uploads a blob": ("PATCH", "/blobs/uploads/"),
    "puts a manifest": ("PUT", "/manifests/sha256:"),
    "verifies": ("GET", "/manifests/sha256:"),
    "puts the tag": ("PUT", "/manifests/1.0$"),
}


def matching(proxy: FaultyProxy, method: str, end_of_path: str) -> list[int | None]:
    """Return the statuses of these requests."""
    return [one.status for one in proxy.requests if one.method == method and one.path.endswith(end_of_path)]


@pytest.fixture
def sent(shop: Shop) -> str:
    """The digest of an image that is there to be promoted."""
    return shop.stage.push(make_image(seed=shop.name))


@pytest.mark.parametrize("step", STEPS)
def test_a_destination_that_fails_in_passing_is_asked_again(
    step: str, shop: Shop, sent: str, before_prod: FaultyProxy
) -> None:
    before_prod.when(*STEPS[step], times=1).answer(503)
    before_prod.when(*STEPS[step], times=1).drop()

    assert shop.promote("--mount-from=shop-dev/base").exit_code == 0
    assert shop.prod.digest() == sent


@pytest.mark.parametrize("path", ["/manifests/1.0$", "/manifests/sha256:", "/blobs/"])
def test_a_source_that_fails_in_passing_is_asked_again(
    path: str, shop: Shop, sent: str, before_stage: FaultyProxy
) -> None:
    before_stage.when(path=path, times=1).answer(500)
    before_stage.when(path=path, times=1).drop()
    before_stage.when(path=path, times=1).drop_answer(after_bytes=10)

    assert shop.promote().exit_code == 0
    assert shop.prod.digest() == sent


def test_an_answer_that_got_lost_is_no_second_promotion(shop: Shop, sent: str, before_prod: FaultyProxy) -> None:
    before_prod.when("PUT", "/manifests/1.0$", times=1).drop_answer()

    assert shop.promote().exit_code == 0
    assert len(shop.history()) == 1


def test_retry_after_is_honoured(shop: Shop, before_prod: FaultyProxy, sent: str) -> None:
    times: list[float] = []

    def note(rule: Rule) -> None:
        rule.call(lambda: times.append(time.monotonic()))

    note(before_prod.when("HEAD", "/manifests/1.0$", times=1))  # answered with a challenge
    before_prod.when("HEAD", "/manifests/1.0$", times=1).answer(429, {"Retry-After": "1"})
    note(before_prod.when("HEAD", "/manifests/1.0$", times=1))

    assert shop.promote().exit_code == 0
    assert times[1] - times[0] >= 1


def test_a_kept_connection_that_the_registry_closed_is_no_failure(
    shop: Shop, sent: str, before_stage: FaultyProxy
) -> None:
    hold = before_stage.when("GET", "/blobs/", after=1).hold()

    with shop.start_promotion() as running:
        hold.wait_until_reached()
        shop.prod.registry.restart()
        hold.release()
        assert running.outcome().exit_code == 0

    assert shop.prod.digest() == sent


@pytest.mark.parametrize(("status", "exit_code"), [(401, 5), (403, 5), (404, 4)])
def test_an_answer_is_no_passing_failure(status: int, exit_code: int, shop: Shop, before_stage: FaultyProxy) -> None:
    before_stage.when("GET", "/manifests/1.0$").answer(status, {"WWW-Authenticate": 'Basic realm="registry"'})
    shop.stage.push(make_image(seed=shop.name))

    assert shop.promote().exit_code == exit_code

    # A 401 is answered with credentials once.
    asked = [one.status for one in before_stage.requests if one.path.endswith("/manifests/1.0")]
    assert asked == [status] * (2 if status == 401 else 1)


def test_a_wrong_password_is_shown_once(shop: Shop, sent: str, before_prod: FaultyProxy) -> None:
    shop.log_in("prod", "wrong password")
    assert shop.promote().exit_code == 5
    assert [one.status for one in before_prod.requests] == [401, 401]


def test_skopeo_is_not_run_again_after_an_answer(shop: Shop, sent: str, before_prod: FaultyProxy) -> None:
    before_prod.when("PATCH", "/blobs/uploads/").answer(403)

    assert shop.promote().exit_code == 5

    assert 0 < len([one for one in before_prod.requests if one.method == "PATCH"]) <= 3  # once a blob


def test_it_gives_up_in_the_end(shop: Shop, sent: str, before_prod: FaultyProxy) -> None:
    before_prod.when("HEAD", "/manifests/1.0$").answer(503, {"Retry-After": "0"})

    outcome = shop.promote()

    assert outcome.exit_code == 6
    assert "503" in outcome.error["message"]
    said = [line for line in outcome.stderr.splitlines() if "trying again in" in line]
    assert [line.partition("; ")[0] for line in said] == [f"{before_prod.host} answered 503"] * (ATTEMPTS - 1)
    assert said[-1].endswith(f"attempt {ATTEMPTS} of {ATTEMPTS}")
    assert matching(before_prod, "HEAD", "/manifests/1.0") == [503] * ATTEMPTS


def test_a_proxy_that_is_down_is_told(shop: Shop, sent: str) -> None:
    shop.promoter.environment["NO_PROXY"] = ""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        proxy = f"127.0.0.1:{deaf.getsockname()[1]}"
        shop.promoter.environment["HTTPS_PROXY"] = f"http://alice:s3cret-of-the-proxy@{proxy}"
        outcome = in_little_time(
            lambda seconds: shop.promote(f"--timeout={seconds}s"), lambda outcome: outcome.exit_code != 8
        )

    assert outcome.exit_code == 6
    assert outcome.error["message"].startswith(
        f"The proxy {proxy} (HTTPS_PROXY) does not lead to {shop.stage.registry.host}"
    )
    assert "trying again in" in outcome.stderr
    assert "s3cret" not in f"{outcome.stdout}{outcome.stderr}"


def test_a_referrers_api_that_fails_is_not_taken_for_none(shop: Shop, before_stage: FaultyProxy) -> None:
    shop.stage.push(make("oci image", shop.name))
    before_stage.when("GET", "/referrers/").answer(503, {"Retry-After": "0"})

    outcome = shop.promote()

    assert outcome.exit_code == 6
    assert "referrers" in outcome.error["message"]
    assert shop.prod.digest() is None


@pytest.mark.parametrize("status", [400, 401, 403, 405])
def test_a_registry_may_refuse_a_referrers_api_that_it_does_not_have(
    status: int, shop: Shop, sent: str, before_stage: FaultyProxy
) -> None:
    before_stage.when("GET", "/referrers/").answer(status, {"WWW-Authenticate": 'Basic realm="registry"'})
    assert shop.promote().exit_code == 0


def test_a_page_in_place_of_referrers_is_none(shop: Shop, sent: str, before_stage: FaultyProxy) -> None:
    before_stage.when("GET", "/referrers/").answer(200, {"Content-Type": "text/html"}, b"<html>Welcome</html>")
    assert shop.promote().exit_code == 0
