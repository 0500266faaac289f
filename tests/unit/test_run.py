"""A whole command line in this process, around use cases that stand in for the real ones."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from promoter import __version__
from promoter.cli.commands import COMMANDS, Command
from promoter.cli.main import main
from promoter.credentials.redaction import SECRETS, SHOWN
from promoter.credentials.sources import load_credential
from promoter.errors import PromoterError, Refused
from promoter.model.promotion import PromotionResult
from promoter.model.request import PromoteRequest
from promoter.promotion.places import Places
from tests.unit.test_errors import KINDS

pytestmark = pytest.mark.usefixtures("handlers", "elsewhere")

SECRET = "s3cret-of-the-command-line"
ENDS = ["dev.io/web:1", "prod.io/web:1"]
DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty directory."""
    monkeypatch.chdir(tmp_path)


UseCase = Callable[[PromoteRequest, Places], PromotionResult]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[UseCase], None]:
    """Let `promote` call another use case."""

    def replace(use_case: UseCase) -> None:
        monkeypatch.setitem(
            COMMANDS, "promote", Command("promoter.model.request:PromoteRequest", f"{__name__}:{use_case.__name__}")
        )

    return replace


def promoted(request: PromoteRequest, _places: Places) -> PromotionResult:
    return PromotionResult(
        status="promoted",
        promotion_id=request.promotion_id or "42",
        source=request.source,
        destination=request.destination,
        digest=DIGEST,
        platforms=("linux/amd64",),
    )


def refused(_request: PromoteRequest, _places: Places) -> PromotionResult:
    raise Refused(f"it is taken by {SECRET}", "use --force")


def defective(_request: PromoteRequest, _places: Places) -> PromotionResult:
    raise ZeroDivisionError(f"in the middle of {SECRET}")


def interrupted(_request: PromoteRequest, _places: Places) -> PromotionResult:
    signal.raise_signal(signal.SIGTERM)
    raise AssertionError("the signal was not handled")


def fills_the_disk(request: PromoteRequest, places: Places) -> PromotionResult:
    Path("result.json").unlink()
    Path("result.json").mkdir()
    return promoted(request, places)


def talkative(request: PromoteRequest, places: Places) -> PromotionResult:
    load_credential(f"env:{request.reason}")
    places.say(f"copying with {SECRET}")
    return promoted(request, places)


def document(path: str = "result.json") -> dict[str, Any]:
    read: dict[str, Any] = json.loads(Path(path).read_text())
    return read


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr() == (f"promoter {__version__}\n", "")


def test_help_ends_with_success() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["promote", "-h"])
    assert caught.value.code == 0


def test_success_in_words(stand_in: Callable[[UseCase], None], capsys: pytest.CaptureFixture[str]) -> None:
    stand_in(promoted)
    assert main(["promote", *ENDS]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("promoted: prod.io/web:1\n")
    assert DIGEST in shown.out
    assert shown.err == ""


def test_success_as_json(stand_in: Callable[[UseCase], None], capsys: pytest.CaptureFixture[str]) -> None:
    stand_in(promoted)
    assert main(["promote", *ENDS, "--json", "--result", "result.json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert document() == shown
    assert (shown["status"], shown["digest"], shown["platforms"]) == ("promoted", DIGEST, ["linux/amd64"])


def test_a_request_file_is_as_good_as_flags(
    stand_in: Callable[[UseCase], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(promoted)
    Path("in.json").write_text(json.dumps({"source": ENDS[0], "destination": ENDS[1], "promotionId": "7"}))
    assert main(["promote", "--request", "in.json", "--json"]) == 0
    from_file = capsys.readouterr().out
    assert main(["promote", *ENDS, "--promotion-id", "7", "--json"]) == 0
    assert capsys.readouterr().out == from_file


def test_a_refusal(stand_in: Callable[[UseCase], None], capsys: pytest.CaptureFixture[str]) -> None:
    stand_in(refused)
    SECRETS.learn(SECRET)
    assert main(["promote", *ENDS, "--json", "--result", "result.json"]) == 3
    shown = capsys.readouterr()
    error = {"kind": "refused", "message": f"it is taken by {SHOWN}", "remedy": "use --force", "exit_code": 3}
    assert json.loads(shown.out) == document() == {"error": error}
    assert shown.err == f"refused: it is taken by {SHOWN}\n  use --force\n"


@pytest.mark.parametrize("kind", KINDS)
def test_the_exit_code_is_that_of_the_error(
    kind: type[PromoterError], stand_in: Callable[[UseCase], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_request: PromoteRequest, _places: Places) -> PromotionResult:
        raise kind("what happened", "what to do")

    monkeypatch.setitem(globals(), "fail", fail)
    stand_in(fail)
    assert main(["promote", *ENDS]) == KINDS[kind][0]


def test_a_defect_shows_its_traceback_without_secrets(
    stand_in: Callable[[UseCase], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(defective)
    SECRETS.learn(SECRET)
    assert main(["promote", *ENDS, "--json", "--result", "result.json"]) == 1
    shown = capsys.readouterr()
    assert f"ZeroDivisionError: in the middle of {SHOWN}" in shown.err
    assert "Traceback (most recent call last)" in shown.err
    assert json.loads(shown.out) == document()
    assert document()["error"]["kind"] == "failure"
    assert SECRET not in shown.err + shown.out


def test_an_interruption_leaves_a_result(
    stand_in: Callable[[UseCase], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(interrupted)
    assert main(["promote", *ENDS, "--result", "result.json"]) == 143
    assert document()["error"]["kind"] == "interrupted"
    assert "Nothing is half done" in capsys.readouterr().err


def test_what_is_said_on_the_way_has_no_secrets(
    stand_in: Callable[[UseCase], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(talkative)
    monkeypatch.setenv("PROMOTER_TOKEN", SECRET)
    assert main(["promote", *ENDS, "--reason", "PROMOTER_TOKEN"]) == 0
    assert capsys.readouterr().err == f"copying with {SHOWN}\n"


WRONG = {
    "flag": ["promote", *ENDS, "--forse"],
    "command": ["premote", *ENDS],
    "timeout": ["promote", *ENDS, "--timeout=soon"],
    "endless timeout": ["promote", *ENDS, "--timeout=99999999999h"],
    "request file is missing": ["promote", "--request=missing.json"],
    "request file is a directory": ["promote", "--request=."],
    "request file has a NUL in its name": ["promote", "--request=a\0b"],
    "request file is not text": ["promote", "--request=binary"],
    "request file is empty": ["promote", "--request=empty"],
    "configuration is missing": ["promote", *ENDS, "--config=missing.yaml"],
    "configuration is not text": ["promote", *ENDS, "--config=binary"],
    "configuration without end": ["promote", *ENDS, "--config=/dev/zero"],
    "request without end": ["promote", "--request=/dev/zero"],
    "result file in a directory that is missing": ["promote", *ENDS, "--result=missing/result.json"],
    "result file is a directory": ["promote", *ENDS, "--result=."],
    "result file cannot grow": ["promote", *ENDS, "--result=/dev/full"],
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG.keys())
def test_wrong_usage_is_found_before_anything_is_done(
    arguments: list[str], stand_in: Callable[[UseCase], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(defective)
    Path("binary").write_bytes(os.urandom(64) + b"\xff")
    Path("empty").touch()
    assert main([*arguments, "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("wrong-usage: ")
    assert shown.err.count("wrong-usage: ") == 1
    assert json.loads(shown.out)["error"]["exit_code"] == 2


TAKING_ARGUMENTS = [
    name for name, command in COMMANDS.items() if any(field.is_required for field in command.request.fields.values())
]


@pytest.mark.parametrize("name", TAKING_ARGUMENTS)
def test_what_is_refused_is_not_repeated_at_length(name: str) -> None:
    parameters = [field for field in COMMANDS[name].request.fields.values() if field.is_required]
    flags = ["--output=new.tar"] if name == "export-bundle" else []
    assert main([*name.split(), *("x" * 60_000 for _ in parameters), *flags, "--result", "result.json"]) in {2, 4}
    error = document()["error"]
    assert len(error["message"]) < 1000
    assert "x" * 201 not in error["message"]


@pytest.mark.parametrize(
    "arguments", [["promote", *ENDS, "--forse"], ["premote"], ["promote"], ["promote", "--request=missing.json"]]
)
def test_an_older_result_does_not_outlive_wrong_usage(arguments: list[str]) -> None:
    Path("result.json").write_text('{"status": "promoted", "digest": "of an earlier run"}')
    assert main([*arguments, "--result", "result.json"]) == 2
    assert document()["error"]["kind"] == "wrong-usage"


@pytest.mark.parametrize("flag", ["--request=other.json", "--config=other.json", "--forse"])
def test_a_result_never_overwrites_what_is_to_be_read(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor if the rest of the command line is wrong."""
    path = "promotion.yaml" if flag == "--forse" else "other.json"
    Path(path).write_text("{}")
    assert main(["promote", *ENDS, flag, "--forse", f"--result={path}"]) == 2
    assert f"--result would overwrite {path}" in capsys.readouterr().err
    assert Path(path).read_text() == "{}"


@contextmanager
def full() -> Iterator[None]:
    """Let standard output lead to a disk that is full."""
    with io.TextIOWrapper(Path("/dev/full").open("wb", buffering=0), write_through=True) as disk, redirect_stdout(disk):
        yield


UNWRITABLE = {"No space left on device": full, "it is closed": lambda: redirect_stdout(None)}
unwritable = pytest.mark.parametrize(("why", "stdout"), UNWRITABLE.items(), ids=UNWRITABLE.keys())


@unwritable
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_result_that_cannot_be_shown_is_an_error(
    flags: list[str],
    why: str,
    stdout: Callable[[], AbstractContextManager[None]],
    stand_in: Callable[[UseCase], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    stand_in(promoted)
    with stdout():
        assert main(["promote", *ENDS, "--result", "result.json", *flags]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"wrong-usage: Standard output cannot be written: {why}; what the command has done stays")
    assert document()["status"] == "promoted"


@unwritable
def test_a_failure_that_cannot_be_shown_keeps_its_exit_code(
    why: str,
    stdout: Callable[[], AbstractContextManager[None]],
    stand_in: Callable[[UseCase], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    stand_in(refused)
    with stdout():
        assert main(["promote", *ENDS, "--json", "--result", "result.json"]) == 3
    said = capsys.readouterr().err
    assert said.startswith("refused: ")
    assert said.count(f"Standard output cannot be written: {why}; ") == 1
    assert document()["error"]["kind"] == "refused"


def test_a_result_is_written_as_a_whole(stand_in: Callable[[UseCase], None]) -> None:
    """What had the file open sees no change: another file has taken its place."""
    stand_in(promoted)
    Path("result.json").write_text("of an earlier run")
    with Path("result.json").open() as earlier:
        assert main(["promote", *ENDS, "--result", "result.json"]) == 0
        assert earlier.read() == "of an earlier run"
    assert document()["status"] == "promoted"
    assert [path.name for path in Path().iterdir()] == ["result.json"]


def test_a_result_goes_where_a_link_leads(stand_in: Callable[[UseCase], None]) -> None:
    """As /dev/stdout leads to a file of whoever started us, who would write on into what was replaced."""
    stand_in(promoted)
    Path("result.json").touch()
    Path("link.json").symlink_to("result.json")
    with Path("result.json").open() as same:
        assert main(["promote", *ENDS, "--result", "link.json"]) == 0
        assert json.load(same)["status"] == "promoted"
    assert Path("link.json").is_symlink()


def test_a_result_may_go_into_a_pipe(stand_in: Callable[[UseCase], None]) -> None:
    stand_in(promoted)
    reading, writing = os.pipe()
    assert main(["promote", *ENDS, f"--result=/proc/self/fd/{writing}"]) == 0
    os.close(writing)
    assert os.read(reading, 4096).startswith(b'{}\n{\n  "status": "promoted"')
    os.close(reading)


def test_an_unknown_environment_without_a_configuration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", "dev/web:1", "prod"]) == 2
    assert f"'dev' (known: none); no promotion.yaml was found in {Path.cwd()}.\n" in capsys.readouterr().err
    Path("other.yaml").write_text("environments: {test: {registry: test.io}}")
    assert main(["promote", "dev/web:1", "prod", "--config=other.yaml"]) == 2
    assert "'dev' (known: test); other.yaml was read.\n" in capsys.readouterr().err


def test_the_configuration_here_is_read(
    stand_in: Callable[[UseCase], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(promoted)
    Path("promotion.yaml").write_text("rotues: []")
    assert main(["promote", *ENDS]) == 2
    assert "promotion.yaml does not fit: rotues is not known (did you mean routes?)" in capsys.readouterr().err


def test_an_older_result_does_not_outlive_a_failure(stand_in: Callable[[UseCase], None]) -> None:
    stand_in(refused)
    Path("result.json").write_text('{"status": "promoted", "digest": "of an earlier run"}')
    assert main(["promote", *ENDS, "--result", "result.json"]) == 3
    assert list(document()) == ["error"]


def test_a_result_that_cannot_be_written_in_the_end_is_an_error(
    stand_in: Callable[[UseCase], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(fills_the_disk)
    assert main(["promote", *ENDS, "--result", "result.json"]) == 2
    assert "The result cannot be written to result.json: Is a directory" in capsys.readouterr().err
