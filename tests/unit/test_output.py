"""What is shown: sizes, and results in words and as JSON."""

from __future__ import annotations

import json

import pytest

from promoter.cli.output import say, show, to_json
from promoter.cli.words.forms import size
from promoter.credentials.redaction import SECRETS, SHOWN
from promoter.model.base import Model
from promoter.model.description import DescribeResult
from promoter.model.failure import Failure
from promoter.model.history import HistoryEntry, HistoryResult
from promoter.model.promotion import BlobCounts, BuildOutcome, PromotionResult
from promoter.model.rollback import RollbackResult
from promoter.model.streams import ImportResult, TagOutcome, TagResult
from promoter.model.watching import WatchedTag, WatchResult

SECRET = 's3cret-"of"-the-output'
DIGEST, BEFORE = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
PROMOTION = PromotionResult(
    status="promoted",
    promotion_id="42",
    source="dev.io/web:1",
    destination="prod.io/web:1",
    digest=DIGEST,
    previous_digest=BEFORE,
    platforms=("linux/amd64", "linux/arm64"),
    blobs=BlobCounts(total=6, uploaded=1, mounted=2, present=3),
    bytes_uploaded=2048,
    duration_seconds=1.25,
    record="prod.io/web@sha256:record",
    kept="1.was-bbbbbbbbbbbb",
    build=BuildOutcome(name="promote-7", phase="Complete"),
)
ENTRY = HistoryEntry(
    action="promoted",
    at="2024-05-01T12:00:00Z",
    digest=DIGEST,
    previous_digest=BEFORE,
    source="dev.io/web:1",
    requested_by="alice",
    reason="release 7",
    promotion_id="42",
    record="prod.io/web@sha256:record",
    current=True,
)
HISTORY = HistoryResult(image="prod.io/web:1", digest=DIGEST, entries=(ENTRY,))
DESCRIPTION = DescribeResult(
    image="prod.io/web:1",
    digest=DIGEST,
    media_type="application/vnd.oci.image.index.v1+json",
    platforms=("linux/amd64",),
    size=3 * 1024 * 1024,
    promoted=ENTRY,
    restorable=(BEFORE,),
)
ROLLBACK = RollbackResult(
    status="rolled-back", image="prod.io/web:1", digest=BEFORE, previous_digest=DIGEST, kept="1.was-aaaaaaaaaaaa"
)
ROLLED_BACK = ENTRY.but(action="rolled-back", source=None)
WATCH = WatchResult(
    tags=(
        WatchedTag(status="promoted", source="dev/web:1", destination="prod/web:1", promotion=PROMOTION),
        WatchedTag(status="refused", source="dev/web:2", destination="prod/web:2"),
    ),
    unchanged=3,
    absent=0,
    error=Failure(kind="partly-done", message="one was not", remedy="look", exit_code=10),
)
TAGS = TagResult(
    promotion_id="42",
    tags=(
        TagOutcome(status="tagged", source="io/web:1", destination="prod/web:1", digest=DIGEST, previous_digest=BEFORE),
        TagOutcome(status="unchanged", source="io/web:1", destination="prod/web:2", digest=DIGEST),
    ),
)
IMPORT = ImportResult(
    status="imported",
    source="quay.io/web:1",
    destination="prod/web:1",
    digest=DIGEST,
    previous_digest=BEFORE,
    platforms=("linux/amd64", "linux/arm64"),
    scheduled=True,
)
WORDS: dict[str, tuple[Model, list[str]]] = {
    "promotion": (
        PROMOTION,
        [
            "promoted: prod.io/web:1",
            f"digest     {DIGEST}",
            "source     dev.io/web:1",
            "platforms  linux/amd64, linux/arm64",
            "blobs      6: 1 uploaded (2.0 KiB), 2 mounted, 3 present",
            f"replaces   {BEFORE}",
            "kept as    1.was-bbbbbbbbbbbb",
            "record     prod.io/web@sha256:record",
            "build      promote-7 (Complete)",
            "took       1.2 s",
        ],
    ),
    "promotion with gates": (
        PROMOTION.but(status="planned", gates=("signed off by billing",), open_gates=("approval by 1 of bob",)),
        ["planned: prod.io/web:1", "  gate       signed off by billing\n", "  open gate  approval by 1 of bob\n"],
    ),
    "history with gates": (
        HISTORY.but(entries=(ENTRY.but(approved_by="bob: fine", signed_off_by="billing, shop"),)),
        ["alice: release 7\n    signed off by billing, shop\n    approved by bob: fine\n"],
    ),
    "description with gates": (
        DESCRIPTION.but(promoted=ENTRY.but(approved_by="bob: fine", signed_off_by="billing, shop")),
        ["by alice, from dev.io/web:1, signed off by billing, shop, approved by bob: fine\n"],
    ),
    "history": (HISTORY, [f"* 2024-05-01T12:00:00Z  promoted  {DIGEST}", "from dev.io/web:1", "alice: release 7"]),
    "older entry": (
        HISTORY.but(entries=(ENTRY.but(current=False, source=None, reason=None),)),
        ["  2024-05-01T12:00:00Z", f"from {BEFORE}, asked for by alice\n"],
    ),
    "no history": (HISTORY.but(entries=()), [f"prod.io/web:1 is {DIGEST}; no promotion is recorded for it."]),
    "description": (
        DESCRIPTION,
        ["prod.io/web:1\n", "size       3.0 MiB", "let in     promoted 2024-05-01T12:00:00Z by alice", BEFORE],
    ),
    "description after a rollback": (
        DESCRIPTION.but(promoted=ROLLED_BACK),
        [f"let in     rolled-back 2024-05-01T12:00:00Z by alice, from {BEFORE}\n"],
    ),
    "description of a record that says little": (
        DESCRIPTION.but(promoted=ROLLED_BACK.but(previous_digest=None)),
        ["by alice, from unknown\n"],
    ),
    "bare description": (
        DESCRIPTION.but(promoted=None, platforms=(), restorable=()),
        ["let in     no record", "platforms  unknown"],
    ),
    "tags": (TAGS, [f"tagged: prod/web:1\n  digest     {DIGEST}\n", f"replaces   {BEFORE}\nunchanged: prod/web:2\n"]),
    "import": (
        IMPORT,
        ["imported: prod/web:1", "platforms  linux/amd64, linux/arm64", f"replaces   {BEFORE}", "again"],
    ),
    "rollback": (ROLLBACK, ["rolled-back: prod.io/web:1", f"replaces   {DIGEST}", "kept as    1.was-aaaaaaaaaaaa"]),
    "watch": (WATCH, ["watched tags: 1 promoted, 1 refused, 3 unchanged\n"]),
    "recorded rollback": (ROLLBACK.but(record="prod.io/web@sha256:r"), ["  record     prod.io/web@sha256:r\n"]),
}


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2, "1.0 MiB"),
        (200 * 1024**2, "200.0 MiB"),
        (1024**3, "1.0 GiB"),
        (5 * 1024**4, "5120.0 GiB"),
    ],
)
def test_a_size_in_words(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(("result", "words"), WORDS.values(), ids=WORDS.keys())
def test_a_result_in_words(result: Model, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    show(result, as_json=False)
    shown = capsys.readouterr()
    assert [line for line in words if line not in shown.out] == []
    assert shown.err == ""


def test_what_there_is_nothing_to_say_about_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    bare = PromotionResult(status="unchanged", promotion_id="42", source="a", destination="b", digest=DIGEST)
    show(bare.but(previous_digest=DIGEST), as_json=False)
    assert capsys.readouterr().out == f"unchanged: b\n  digest     {DIGEST}\n  source     a\n  took       0.0 s\n"


def test_a_watch_with_nothing_to_do_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    show(WatchResult(tags=(), unchanged=3, absent=1), as_json=False)
    assert capsys.readouterr() == ("", "")


def test_only_a_watch_that_failed_has_an_error() -> None:
    assert WATCH.to_dict()["error"]["exit_code"] == WATCH.exit_code == 10
    well = WATCH.but(error=None)
    assert "error" not in well.to_dict()
    assert well.exit_code == 0


def test_one_of_many_documents_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show(WATCH, as_json=True, in_a_line=True)
    shown = capsys.readouterr().out
    assert shown.count("\n") == 1
    assert json.loads(shown) == WATCH.to_dict() | {"tags": [tag.to_dict() for tag in WATCH.tags]}


@pytest.mark.parametrize(
    "result", [PROMOTION, HISTORY, DESCRIPTION, ROLLBACK, TAGS, IMPORT, WATCH], ids=lambda result: type(result).__name__
)
def test_a_result_as_json_has_all_fields(result: Model, capsys: pytest.CaptureFixture[str]) -> None:
    show(result, as_json=True)
    assert list(json.loads(capsys.readouterr().out)) == list(result.fields)


def test_control_characters_of_others_are_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    say("| \x1b]0;title\x07\x1b[2K\rpromoted: all is well\x9b2J")
    say("refused: our own message\n  and\tits remedy, für Öde 日本")
    assert capsys.readouterr().err == (
        "| \\x1b]0;title\\x07\\x1b[2K\\rpromoted: all is well\\x9b2J\n"
        "refused: our own message\n  and\tits remedy, für Öde 日本\n"
    )


def test_secrets_are_hidden_wherever_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    SECRETS.learn(SECRET)
    say(f"with {SECRET}")
    show(HISTORY.but(entries=(ENTRY.but(reason=f"because of {SECRET}"),)), as_json=False)
    show(HISTORY.but(entries=(ENTRY.but(reason=f"because of {SECRET}"),)), as_json=True)
    shown = capsys.readouterr()
    assert shown.err == f"with {SHOWN}\n"
    assert shown.out.count(f"because of {SHOWN}") == 2
    assert SECRET not in shown.out
    assert json.dumps(SECRET)[1:-1] not in shown.out


def test_a_secret_that_looks_like_a_number_leaves_the_json_whole() -> None:
    SECRETS.learn("90210")
    assert json.loads(to_json({"size": 90210, "words": "by 90210"})) == {"size": 90210, "words": f"by {SHOWN}"}
