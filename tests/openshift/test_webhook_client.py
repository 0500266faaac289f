"""The client of webhooks: what must not be called twice, and which build is ours."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from promoter.credentials.sources import ANONYMOUS, Credential
from promoter.errors import DownstreamFailed, NotPermitted, PerhapsTriggered, TimedOut, Unreachable, WrongUsage
from promoter.openshift.api import Forbidden
from promoter.openshift.builds import Build
from promoter.openshift.webhook import GenericWebhook
from tests.openshift.client import Document
from tests.openshift.conftest import CONFIG, FIRST_BUILD, PROJECT, TOKEN, Clients
from tests.openshift.scripted import BREAK, Script, serve
from tests.support.cluster import Answer, Cluster, GenericTrigger, edit
from tests.support.tls import CertificateAuthority

PARAMETERS = {"IMAGE_NAME": "web", "PROMOTION_ID": "release-7"}


@pytest.fixture
def cluster(ca: CertificateAuthority) -> Iterator[Cluster]:
    """A cluster whose builds do nothing."""
    with Cluster(ca) as cluster:
        cluster.add_user("system:serviceaccount:shop-dev:jenkins", token=TOKEN.secret, rights=[edit(PROJECT)])
        add_config(cluster)
        yield cluster


def add_config(cluster: Cluster, secret: str = "s3cret", name: str = CONFIG) -> None:
    trigger = GenericTrigger(secret=secret, allow_env=True)
    cluster.add_build_config(PROJECT, name, triggers=[trigger], run_policy="Parallel")


def posts(cluster: Cluster) -> int:
    return sum(request.method == "POST" for request in cluster.requests)


# Triggering


@pytest.mark.parametrize(
    "answer",
    [
        Answer(504, b"", "text/plain"),
        Answer(502, b"<html>Bad Gateway</html>", "text/html"),
        Answer(503, b"error trying to reach service: EOF", "text/plain"),
        Answer(500, b"oops", "text/plain"),
        Answer(200, b"<html>Log in</html>", "text/html"),
        Answer(200, b'{"kind":"Build","metadata":{"na', "text/plain"),
        Answer(200, b"", "text/plain"),
        Answer(200, b"[]", "application/json"),
    ],
    ids=["504", "502", "503 of a proxy", "500", "HTML", "half a Build", "nothing", "a list"],
)
def test_answer_after_which_there_may_be_a_build(cluster: Cluster, answer: Answer, clients: Clients) -> None:
    cluster.faults.next_webhook(answer=answer)
    with pytest.raises(PerhapsTriggered):
        clients.hook(cluster.url).trigger(PARAMETERS)
    assert posts(cluster) == 1


@pytest.mark.parametrize(
    "answer", [Answer(429, b"Too many requests"), Answer(503, b"service unavailable\n", "text/plain; charset=utf-8")]
)
def test_request_that_was_not_taken_is_sent_again(cluster: Cluster, answer: Answer, clients: Clients) -> None:
    cluster.faults.next_webhook(answer=answer, times=2)
    assert clients.hook(cluster.url).trigger(PARAMETERS).name == FIRST_BUILD
    assert posts(cluster) == 3


def test_request_that_is_never_taken(cluster: Cluster, clients: Clients) -> None:
    cluster.faults.next_webhook(answer=Answer(429, b"Too many requests"), times=3)
    with pytest.raises(Unreachable, match="answered 429: Too many requests") as raised:
        clients.hook(cluster.url).trigger(PARAMETERS)
    assert not isinstance(raised.value, PerhapsTriggered)


def test_connection_lost_before_an_answer(ca: CertificateAuthority, clients: Clients) -> None:
    script = Script()
    with serve(ca, script) as url, pytest.raises(PerhapsTriggered):
        clients.hook(url).trigger(PARAMETERS)
    assert [request.partition(" ")[0] for request in script.requests] == ["POST"]


def test_connection_lost_in_the_middle_of_the_answer(ca: CertificateAuthority, clients: Clients) -> None:
    script = Script(answers=[[b'{"kind": "Build"', BREAK]])
    with serve(ca, script) as url, pytest.raises(PerhapsTriggered):
        clients.hook(url).trigger(PARAMETERS)
    assert len(script.requests) == 1


def test_connection_that_is_refused_is_tried_again(clients: Clients) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        hook = clients.hook(f"https://localhost:{closed.getsockname()[1]}")
        with pytest.raises(Unreachable, match="could not be reached") as raised:
            hook.trigger(PARAMETERS)
    assert not isinstance(raised.value, PerhapsTriggered)


def test_answer_that_comes_after_the_deadline(cluster: Cluster, clients: Clients) -> None:
    cluster.faults.next_webhook(delay_s=60)
    with pytest.raises(TimedOut):
        clients.hook(cluster.url, seconds=1).trigger(PARAMETERS)
    assert posts(cluster) == 1


@pytest.mark.parametrize("secret", ["hook secret", "50%41", "%2F", "a+b", "a=b==", "schlüssel", "a?b#c&d<e", "a;b,c:d"])
def test_secret_is_part_of_a_url(cluster: Cluster, secret: str, clients: Clients) -> None:
    add_config(cluster, secret, "special")
    assert clients.hook(cluster.url, secret, config="special").trigger(PARAMETERS).name == "special-1"


@pytest.mark.parametrize("secret", ["a/b", "/", "a/"])
def test_secret_with_a_slash(cluster: Cluster, secret: str, clients: Clients) -> None:
    with pytest.raises(WrongUsage, match="env:HOOK has a slash"):
        clients.hook(cluster.url, secret)


@pytest.mark.parametrize("url", ["http://api.example.com", "api.example.com:6443", ""])
def test_url_without_tls(url: str, clients: Clients) -> None:
    with pytest.raises(WrongUsage, match="is no URL of a cluster's API"):
        clients.api(url)


def test_wrong_secret_is_not_shown(cluster: Cluster, clients: Clients) -> None:
    with pytest.raises(NotPermitted, match="secret from env:HOOK") as raised:
        clients.hook(cluster.url, "wrong secret").trigger(PARAMETERS)
    assert "wrong" not in f"{raised.value.message} {raised.value.remedy} {raised.value!r}"


def test_bad_token_is_not_taken_for_a_wrong_secret(cluster: Cluster, clients: Clients) -> None:
    api = clients.api(cluster.url, Credential("env:TOKEN", "", "unknown"))
    hook = GenericWebhook(api, PROJECT, CONFIG, Credential("env:HOOK", "", "s3cret"))
    with pytest.raises(NotPermitted) as raised:
        hook.trigger(PARAMETERS)
    assert raised.value.remedy == "The token from env:TOKEN is not accepted; renew it."


def test_parameter_that_arrives_changed(cluster: Cluster, clients: Clients) -> None:
    def changed(build: Document) -> Document:
        build["spec"]["strategy"]["jenkinsPipelineStrategy"]["env"][0]["value"] = "other"
        return build

    cluster.faults.next_webhook(edit=changed)
    with pytest.raises(DownstreamFailed, match="without our IMAGE_NAME; it was cancelled"):
        clients.hook(cluster.url).trigger(PARAMETERS)


# Finding builds


def test_build_is_found_among_many(cluster: Cluster, clients: Clients) -> None:
    hook = clients.hook(cluster.url)
    for number in range(1, 131):
        hook.trigger({"PROMOTION_ID": f"release-{number}"})
    add_config(cluster, name="other")
    clients.hook(cluster.url, config="other").trigger({"PROMOTION_ID": "release-131"})
    cluster.requests.clear()
    found = hook.started("PROMOTION_ID", "release-99")  # the last by name
    assert found is not None
    assert found.name == f"{CONFIG}-99"
    assert len(cluster.requests) == 2
    assert hook.started("PROMOTION_ID", "release-131") is None


def test_label_of_a_long_name(cluster: Cluster, clients: Clients) -> None:
    """A label's value has 63 characters at most; the server cuts the BuildConfig's name."""
    assert list(clients.builds(cluster.url).of("p" * 70)) == []
    assert cluster.requests[0].query["labelSelector"] == f"openshift.io/build-config.name={'p' * 63}"


def test_bad_token_is_not_taken_for_a_missing_right(cluster: Cluster, clients: Clients) -> None:
    def listed(credential: Credential) -> list[Build]:
        return list(clients.builds(cluster.url, credential).of(CONFIG))

    with pytest.raises(Forbidden):
        listed(ANONYMOUS)
    with pytest.raises(NotPermitted, match="Unauthorized") as raised:
        listed(Credential("env:TOKEN", "", "unknown"))
    assert not isinstance(raised.value, Forbidden)
