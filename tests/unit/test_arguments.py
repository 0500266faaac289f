"""The command line: what it takes is what the models have."""

from __future__ import annotations

import re

import pytest

from promoter.cli.arguments import Files, named_files, parse
from promoter.cli.commands import COMMANDS
from promoter.errors import WrongUsage
from promoter.model.base import Field
from promoter.model.request import PromoteRequest

ENDS = ("dev/web:1", "prod")


PARAMETERS = [
    pytest.param(name, field, id=f"{name} {field.name}")
    for name, command in COMMANDS.items()
    for field in command.request.fields.values()
]


def flag(field: Field) -> str:
    return f"--{field.name.replace('_', '-')}"


def spelled(field: Field) -> tuple[list[str], object]:
    """Return a field on a command line, and the value that is meant; one that is required is there by its name."""
    if field.is_required:
        return [], (field.name,) if field.annotation.startswith("tuple") else field.name
    values: dict[object, tuple[list[str], object]] = {
        "bool": ([flag(field)], True),
        "bool | None": ([flag(field), "false"], False),
        "tuple[str, ...]": ([flag(field), "one", flag(field), "two"], ("one", "two")),
    }
    return values.get(field.annotation, ([f"{flag(field)}=value"], "value"))


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the help a wide terminal: no line is broken."""
    monkeypatch.setenv("COLUMNS", "500")


def help_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        parse(arguments)
    assert caught.value.code == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


@pytest.mark.usefixtures("columns")
@pytest.mark.parametrize(("name", "field"), PARAMETERS)
def test_every_parameter_is_in_the_help(name: str, field: Field, capsys: pytest.CaptureFixture[str]) -> None:
    shown = help_of(capsys, name, "--help")
    about = field.about
    assert about
    spelling = (field.metavar or field.name.upper()) if field.is_required else flag(field)
    assert re.search(rf"{spelling}( \S+)? {re.escape(about)}", " ".join(shown.split()))


@pytest.mark.parametrize(("name", "field"), PARAMETERS)
def test_every_parameter_can_be_given(name: str, field: Field) -> None:
    required = [other.name for other in COMMANDS[name].request.fields.values() if other.is_required]
    flags, meant = spelled(field)
    request = parse([name, *required, *flags]).request
    assert getattr(request, field.name) == meant
    others = [other for other in COMMANDS[name].request.fields.values() if other.name not in {*required, field.name}]
    assert [other.name for other in others if getattr(request, other.name) != other.default] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_overview(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = help_of(capsys, "--help")
    assert COMMANDS[name].help
    assert f"  {name:22} {COMMANDS[name].help}\n" in shown


def test_a_group_of_commands_shows_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    shown = help_of(capsys, "constraints", "--help")
    assert COMMANDS["constraints check"].help in shown
    assert COMMANDS["promote"].help not in shown
    with pytest.raises(WrongUsage, match="There is no command 'constraints bend'") as caught:
        parse(["constraints", "bend"])
    assert "constraints align, constraints annotate" in caught.value.remedy


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_use_case(name: str) -> None:
    assert COMMANDS[name].load().__name__.rstrip("_") == name.rpartition(" ")[2].replace("-", "_")


@pytest.mark.parametrize("arguments", [("-h",), ("promote", "-h"), ("promote", *ENDS, "--help")])
def test_help_is_no_failure(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert help_of(capsys, *arguments).startswith("usage: promoter")


@pytest.mark.parametrize(
    ("text", "meant"), [("true", True), ("True", True), ("false", False), ("FALSE", False)], ids=str
)
def test_a_truth_in_words(text: str, meant: bool) -> None:
    request = parse(["promote", *ENDS, f"--source-tls-verify={text}"]).request
    assert isinstance(request, PromoteRequest)
    assert request.source_tls_verify is meant


def test_a_request_file_stands_for_all_parameters() -> None:
    invocation = parse(["promote", "--request", "in.json", "--result", "out.json", "--json"])
    assert (invocation.command, invocation.request, invocation.request_file) == (COMMANDS["promote"], None, "in.json")


def test_without_a_request_file_the_parameters_are_on_the_command_line() -> None:
    invocation = parse(["promote", *ENDS])
    assert invocation.request == PromoteRequest(source="dev/web:1", destination="prod")
    assert invocation.request_file is None


NAMED = {
    "none": (("promote", *ENDS), Files(None, None, None)),
    "all": (("promote", "--request=r", "--result", "out.json", "--config", "c"), Files("r", "c", "out.json")),
    "of a wrong command line": (("premote", *ENDS, "--forse", "x", "--result=out.json"), Files(None, None, "out.json")),
    "the last one counts": (("promote", "--result", "a", "--result=b"), Files(None, None, "b")),
    "without a name": (("promote", *ENDS, "--result", "--json"), Files(None, None, None)),
    "abbreviated": (("promote", *ENDS, "--res=out.json"), Files(None, None, None)),
    "no flag": (("promote", "--", "--result", "out.json"), Files(None, None, None)),
    "another flag's value": (("promote", *ENDS, "--reason=--result=out.json"), Files(None, None, None)),
}


@pytest.mark.parametrize(("arguments", "files"), NAMED.values(), ids=NAMED.keys())
def test_named_files_are_found_whatever_else_is_wrong(arguments: tuple[str, ...], files: Files) -> None:
    assert named_files(arguments) == files


@pytest.mark.usefixtures("columns")
def test_a_flag_for_several_values_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "to mount blobs from; may be given again" in help_of(capsys, "promote", "--help")


WRONG = {
    "nothing": ((), "required: command"),
    "unknown command": (("premote", *ENDS), "There is no command 'premote'"),
    "abbreviated command": (("prom", *ENDS), "There is no command 'prom'"),
    "flag in place of a command": (("--json", "promote"), "promoter: "),
    "abbreviated version": (("--vers",), "promoter: "),
    "no destination": (("promote", "dev/web:1"), "required: DESTINATION"),
    "one argument too many": (("promote", *ENDS, "more"), "unrecognized arguments: 1 without a flag's name"),
    "unknown flag": (("promote", *ENDS, "--forse"), "unrecognized arguments: --forse"),
    "flag of another command": (("promote", *ENDS, "--to=x"), "unrecognized arguments: --to."),
    "abbreviated flag": (("promote", *ENDS, "--forc"), "unrecognized arguments: --forc"),
    "abbreviated flag with a value": (("promote", *ENDS, "--time=5m"), "unrecognized arguments: --time."),
    "abbreviated request": (("promote", "--req", "in.json"), "required: "),
    "flag without its value": (("promote", *ENDS, "--timeout"), "--timeout: expected one argument"),
    "value that looks like a flag": (("promote", *ENDS, "--reason", "--force"), "--reason: expected one argument"),
    "truth without words": (("promote", *ENDS, "--source-tls-verify"), "expected one argument"),
    "truth in other words": (("promote", *ENDS, "--source-tls-verify=no"), "'no' is neither true nor false"),
    "value for a switch": (("promote", *ENDS, "--force=true"), "--force: it takes no value."),
    "request file and arguments": (
        ("promote", *ENDS, "--request=in.json"),
        "--request FILE holds all parameters, but there are more: 2 ",
    ),
    "request file and flag": (
        ("promote", "--request", "in.json", "--force"),
        "holds all parameters, but there are more: --force.",
    ),
    "request file without a name": (("promote", "--request"), "--request: expected one argument"),
}


SECRETS = {
    "value behind": (
        ("--source-password", "S3cret"),
        "unrecognized arguments: --source-password, 1 without a flag's name.",
    ),
    "value in one": (("--source-creds=openshift:S3cret\n",), "unrecognized arguments: --source-creds."),
    "value like a flag": (("--source-password", "-S3cret"), "--source-password, 1 without a flag's name."),
    "short flag": (("-p", "S3cret"), "unrecognized arguments: -p, 1 without a flag's name."),
    "switch": (("--force=S3cret\nS3cret",), "--force: it takes no value."),
    "short switch": (("-vS3cret",), "--verbose: it takes no value."),
    "with a request file": (
        ("--request=in.json", "--password=S3cret", "S3cret"),
        "--password, 3 without a flag's name.",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), SECRETS.values(), ids=SECRETS.keys())
def test_values_that_are_not_known_are_not_shown(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        parse(["promote", *ENDS, *arguments])
    assert caught.value.message.endswith(message)
    assert "S3cret" not in caught.value.message + caught.value.remedy


def test_a_user_in_place_of_a_command_is_not_shown() -> None:
    with pytest.raises(WrongUsage, match=r"There is no command '…@dev\.io/web:1'"):
        parse(["user:S3cret@dev.io/web:1"])


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_usage(arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WrongUsage) as caught:
        parse(arguments)
    assert message in caught.value.message
    assert caught.value.remedy
    assert capsys.readouterr() == ("", "")
