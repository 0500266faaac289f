"""`watch --every`: one command line that looks again and again, around a use case that stands in for the real one."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from promoter.cli.commands import COMMANDS, Command
from promoter.cli.main import main
from promoter.credentials.redaction import SECRETS
from promoter.errors import WrongUsage
from promoter.http.client import HttpClient
from promoter.http.trust import Trust
from promoter.model.request import WatchRequest
from promoter.model.watching import WatchResult
from promoter.promotion.places import Places
from tests.support.tls import CertificateAuthority
from tests.unit.scripted import ScriptedServer

pytestmark = pytest.mark.usefixtures("handlers")

UseCase = Callable[[WatchRequest, Places], WatchResult]
PASSES = 3


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[UseCase], int]:
    """Run `watch --every 10ms --json --timeout 600s` around a use case; the signal comes when `PASSES` are done."""
    monkeypatch.chdir(tmp_path)

    def run(use_case: UseCase) -> int:
        done = 0

        def stand_in(request: WatchRequest, places: Places) -> WatchResult:
            nonlocal done
            if done == PASSES:
                signal.raise_signal(signal.SIGTERM)
            done += 1
            return use_case(request, places)

        monkeypatch.setitem(globals(), "stand_in", stand_in)
        monkeypatch.setitem(COMMANDS, "watch", Command("promoter.model.request:WatchRequest", f"{__name__}:stand_in"))
        return main(["watch", "--every=10ms", "--json", "--timeout=600s", "--result=result.json"])

    return run


def nothing_to_do(_request: WatchRequest, _places: Places) -> WatchResult:
    return WatchResult(tags=(), unchanged=2, absent=0)


def test_every_pass_is_a_document_on_a_line_of_its_own(
    watch: Callable[[UseCase], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert watch(nothing_to_do) == 143
    *passes, end = map(json.loads, capsys.readouterr().out.splitlines())
    assert passes == [{"tags": [], "unchanged": 2, "absent": 0}] * PASSES
    assert end["error"]["kind"] == "interrupted"
    assert json.loads(Path("result.json").read_text()) == end


def test_every_pass_has_the_whole_time(watch: Callable[[UseCase], int]) -> None:
    left: list[float] = []

    def takes_all_of_it(request: WatchRequest, places: Places) -> WatchResult:
        left.append(places.deadline.remaining)
        places.deadline.leave(0)
        return nothing_to_do(request, places)

    assert watch(takes_all_of_it) == 143
    assert [seconds > 500 for seconds in left] == [True] * PASSES


def test_no_pass_leaves_connections_or_secrets_behind(
    watch: Callable[[UseCase], int], server: ScriptedServer, ca: CertificateAuthority
) -> None:
    clients: list[HttpClient] = []
    learnt: list[list[str]] = []

    def look(request: WatchRequest, places: Places) -> WatchResult:
        learnt.append(SECRETS._forms)
        SECRETS.learn(f"token-{len(learnt)}")
        client = places.http(Trust(ca.certificate))
        client.request("GET", server.url()).read()
        clients.append(client)
        return nothing_to_do(request, places)

    assert watch(look) == 143
    assert server.connections == PASSES
    assert [client._idle for client in clients] == [{}] * PASSES
    assert learnt[1:] == [[]] * (PASSES - 1)


def test_a_failure_that_no_other_pass_could_mend_ends_it(
    watch: Callable[[UseCase], int], capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_request: WatchRequest, _places: Places) -> Any:  # noqa: ANN401 - it does not return
        raise WrongUsage("nothing is watched", "watch something")

    assert watch(refuse) == 2
    assert [json.loads(line)["error"]["exit_code"] for line in capsys.readouterr().out.splitlines()] == [2]


def test_once_is_the_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(COMMANDS, "watch", Command("promoter.model.request:WatchRequest", f"{__name__}:nothing_to_do"))
    assert main(["watch", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unchanged"] == 2
