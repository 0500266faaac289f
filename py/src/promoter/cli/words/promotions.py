"""What people read of promotions, releases and what they leave, and of the project's own examinations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from promoter.cli.words.forms import columns, size
from promoter.model.base import Model
from promoter.model.result import (
    AwaitSignOffsResult,
    DescribeResult,
    DoctorResult,
    Failure,
    Finding,
    HistoryEntry,
    HistoryResult,
    ImportResult,
    ManifestsResult,
    PromotionResult,
    ReleasedTag,
    ReleaseResult,
    ReleaseRollbackResult,
    RollbackResult,
    RolloutOutcome,
    SignOff,
    SignOffResult,
    StartBuildResult,
    StreamResult,
    StreamTagDescription,
    TagOutcome,
    TagResult,
    WatchResult,
)


def words(result: Model) -> list[str]:
    """Return a result in lines for people."""
    return _WORDS[type(result)](result)


def _promotion(result: PromotionResult) -> list[str]:
    blobs = result.blobs
    moved = (
        f"{blobs.uploaded} uploaded ({size(result.bytes_uploaded)}), {blobs.mounted} mounted, {blobs.present} present"
    )
    lines = [
        f"{result.status}: {result.destination}",
        f"  digest     {result.digest}",
        f"  source     {result.source}",
        f"  platforms  {', '.join(result.platforms)}" if result.platforms else "",
        f"  blobs      {blobs.total}: {moved}" if blobs.total else "",
        f"  replaces   {result.previous_digest}" if result.previous_digest and result.status != "unchanged" else "",
        f"  kept as    {result.kept}" if result.kept else "",
        f"  record     {result.record}" if result.record else "",
        *(f"  gate       {gate}" for gate in result.gates),
        *(f"  open gate  {gate}" for gate in result.open_gates),
        f"  build      {result.build.name} ({result.build.phase})" if result.build else "",
        "" if result.verified else "  verified   no: the destination may not be looked at from here",
        f"  stream tag {result.stream_tag}" if result.stream_tag else "",
        _rollout(result.rollout) if result.rollout else "",
        f"  stopped    {', '.join(result.scaled_down)} (scaled to zero)" if result.scaled_down else "",
        f"  took       {result.duration_seconds:.1f} s",
    ]
    return [line for line in lines if line]


def _rollout(rollout: RolloutOutcome) -> str:
    return f"  rolled out {', '.join(rollout.deployments)} ({rollout.pods} running)"


def _signed(result: SignOffResult) -> list[str]:
    lines = [
        f"{result.status}: {result.image}",
        f"  digest     {result.digest}",
        *_sign_off(result.sign_off),
        f"  record     {result.sign_off.record}" if result.sign_off.record else "",
        f"  stream tag {result.stream_tag}" if result.stream_tag else "",
    ]
    return [line for line in lines if line]


def _sign_off(sign_off: SignOff) -> list[str]:
    why = f": {sign_off.reason}" if sign_off.reason else ""
    lines = [
        f"  {sign_off.verdict}    by {sign_off.application}, {sign_off.at}, {sign_off.signed_by or 'unknown'}{why}",
        f"              {sign_off.link}" if sign_off.link else "",
    ]
    return [line for line in lines if line]


def _awaited(result: AwaitSignOffsResult) -> list[str]:
    return [
        f"{result.status}: {result.image}",
        f"  digest     {result.digest}",
        *(line for sign_off in result.sign_offs for line in _sign_off(sign_off)),
        *([f"  missing    {', '.join(result.missing)}"] if result.missing else []),
        *(_promotion(result.promotion) if result.promotion else []),
    ]


def _history(result: HistoryResult) -> list[str]:
    if not result.entries:
        return [f"{result.image} is {result.digest}; no promotion is recorded for it."]
    return [line for entry in result.entries for line in _entry(entry)]


def _entry(entry: HistoryEntry) -> list[str]:
    why = f": {entry.reason}" if entry.reason else ""
    return [
        f"{'*' if entry.current else ' '} {entry.at}  {entry.action}  {entry.digest}",
        f"    from {_origin(entry)}, asked for by {entry.requested_by}{why}",
        *([f"    signed off by {entry.signed_off_by}"] if entry.signed_off_by else []),
        *([f"    approved by {entry.approved_by}"] if entry.approved_by else []),
        *([f"    inconsistent, overridden by {_override(entry)}"] if entry.override else []),
    ]


def _origin(entry: HistoryEntry) -> str:
    """Return where the digest came from; a rollback has no source, but what the tag was before."""
    return entry.source or entry.previous_digest or "unknown"


def _description(result: DescribeResult) -> list[str]:
    if result.media_type is None or result.size is None:
        about = [f"  digest      {result.digest}"]
    else:
        about = [
            f"  digest      {result.digest}",
            f"  media type  {result.media_type}",
            f"  platforms   {', '.join(result.platforms) or 'unknown'}",
            f"  size        {size(result.size)}",
            f"  let in      {_let_in(result.promoted)}",
            *(f"  restorable  {digest}" for digest in result.restorable),
            *(line for sign_off in result.sign_offs for line in _sign_off(sign_off)),
        ]
    return [result.image, *about, *(_stream_tag(result.stream) if result.stream else [])]


def _let_in(promoted: HistoryEntry | None) -> str:
    if promoted is None:
        return "no record"
    signed = f", signed off by {promoted.signed_off_by}" if promoted.signed_off_by else ""
    approved = f", approved by {promoted.approved_by}" if promoted.approved_by else ""
    overridden = f", inconsistent, overridden by {_override(promoted)}" if promoted.override else ""
    said = f"{signed}{approved}{overridden}"
    return f"{promoted.action} {promoted.at} by {promoted.requested_by}, from {_origin(promoted)}{said}"


def _override(entry: HistoryEntry) -> str:
    return f"{entry.requested_by}: {entry.override}"


def _stream_tag(tag: StreamTagDescription) -> list[str]:
    events = (
        (
            f"  {'*' if event.current else ' '} {event.digest}",
            event.at,
            (not event.promoted and event.current and _noted(tag)) or _let_in(event.promoted),
        )
        for event in tag.events
    )
    failure = [f"  failed      {tag.failure}"] if tag.failure else []
    inconsistent = [f"  inconsistent {one}" for one in tag.inconsistencies]
    return [f"  stream tag  {tag.tag}", f"  source      {_source(tag)}", *failure, *inconsistent, *columns(events)]


def _stream(result: StreamResult) -> list[str]:
    rows = (
        (f"  {tag.tag}", event.digest if event else "no image", event.at if event else "", _source(tag), _noted(tag))
        for tag in result.tags
        for event in (next(iter(tag.events), None),)
    )
    header = ("  TAG", "DIGEST", "SINCE", "SOURCE", "SET BY")
    inconsistent = dict.fromkeys(f"  inconsistent {one}" for tag in result.tags for one in tag.inconsistencies)
    return [result.image, *columns([header, *rows]), *inconsistent]


def _source(tag: StreamTagDescription) -> str:
    scheduled = ", looked at regularly" if tag.scheduled else ""
    return f"{tag.source}{scheduled}" if tag.source else "pushed"


def _noted(tag: StreamTagDescription) -> str:
    """Say what is noted on a tag about who set it; nothing if nobody is."""
    if "requested_by" not in tag.noted:
        return ""
    return f"{tag.noted['requested_by']}, {tag.noted.get('at')}, from {tag.noted.get('source', 'unknown')}"


def _rollback(result: RollbackResult) -> list[str]:
    return [
        f"{result.status}: {result.image}",
        f"  digest     {result.digest}",
        f"  replaces   {result.previous_digest}",
        *([f"  kept as    {result.kept}"] if result.kept else []),
        *([f"  record     {result.record}"] if result.record else []),
    ]


def _examination(result: DoctorResult) -> list[str]:
    lines = []
    for subject, findings in groupby(result.findings, lambda finding: finding.subject):
        lines += [subject, *(line for finding in findings for line in _finding(finding))]
    counts = Counter(finding.status for finding in result.findings)
    return [*lines, f"{counts['failed']} failed, {counts['warning']} to look at, {counts['ok']} ok"]


def _finding(finding: Finding) -> list[str]:
    remedy = [f"{'':11}{finding.remedy}"] if finding.remedy else []
    return [f"  {finding.status:9}{finding.message}", *remedy]


def _tags(result: TagResult) -> list[str]:
    return [line for outcome in result.tags for line in _tag(outcome)]


def _tag(outcome: TagOutcome) -> list[str]:
    return [
        f"{outcome.status}: {outcome.destination}",
        f"  digest     {outcome.digest}",
        f"  source     {outcome.source}",
        *([f"  replaces   {outcome.previous_digest}"] if outcome.previous_digest else []),
    ]


def _import(result: ImportResult) -> list[str]:
    lines = [
        f"{result.status}: {result.destination}",
        f"  digest     {result.digest}",
        f"  source     {result.source}",
        f"  platforms  {', '.join(result.platforms)}" if result.platforms else "",
        f"  replaces   {result.previous_digest}" if result.previous_digest else "",
        "  scheduled  the cluster looks again regularly" if result.scheduled else "",
    ]
    return [line for line in lines if line]


def _build(result: StartBuildResult) -> list[str]:
    lines = [
        f"{result.status}: {result.build_config}",
        f"  build      {result.build.name} ({result.build.phase})" if result.build else "",
        f"  digest     {result.digest}" if result.digest else "",
        *(line for outcome in result.tags for line in _tag(outcome)),
    ]
    return [line for line in lines if line]


def _release(result: ReleaseResult) -> list[str]:
    """Show what failed first, and what was so already last: there may be hundreds."""
    counts = Counter(tag.status for tag in result.tags)
    blobs = result.blobs
    moved = (
        f"{blobs.uploaded} uploaded ({size(result.bytes_uploaded)}), {blobs.mounted} mounted, {blobs.present} present"
    )
    going = sorted((tag for tag in result.tags if not tag.error), key=lambda tag: tag.status == "unchanged")
    estimate = result.estimated_seconds
    return [
        *_failures((f"{tag.status}: {tag.destination}", tag.error) for tag in result.tags if tag.error),
        *columns((f"{tag.status}:", tag.destination, tag.digest or "", _open_gates(tag)) for tag in going),
        f"{result.status}: release {result.release_id}",
        f"  digest     {result.digest}",
        f"  tags       {_counted(counts.items())}",
        *([f"  blobs      {blobs.total}: {moved}"] if blobs.total else []),
        *([f"  estimated  {estimate:.0f} s to bring the bytes"] if estimate is not None else []),
        f"  took       {result.duration_seconds:.1f} s",
    ]


def _failures(failed: Iterable[tuple[str, Failure]]) -> list[str]:
    """Show what failed, with each cause once, below all that it kept back."""
    causes: dict[tuple[str, str], list[str]] = {}
    for line, failure in failed:
        causes.setdefault((f"  {failure.kind}: {failure.message}", f"  {failure.remedy}"), []).append(line)
    return [line for cause, lines in causes.items() for line in (*lines, *cause)]


def _open_gates(tag: ReleasedTag) -> str:
    return f"open: {', '.join(tag.open_gates)}" if tag.open_gates else ""


def _counted(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {status}" for status, count in counts if count)


def _release_rollback(result: ReleaseRollbackResult) -> list[str]:
    going = [tag for tag in result.tags if not tag.error]
    return [
        *_failures((f"{tag.status}: {tag.image}", tag.error) for tag in result.tags if tag.error),
        *columns((f"{tag.status}:", tag.image, tag.digest or "") for tag in going),
        f"{result.status}: rollback of release {result.release_id}",
        f"  tags       {_counted(Counter(tag.status for tag in result.tags).items())}",
    ]


def _watched(result: WatchResult) -> list[str]:
    """Count what came of the tags, each of which was told of already; nothing where nothing was to be done."""
    if not result.tags:
        return []
    counts = Counter(tag.status for tag in result.tags)
    counts.update(unchanged=result.unchanged, absent=result.absent)
    return [f"watched tags: {_counted(counts.items())}"]


def _manifests(result: ManifestsResult) -> list[str]:
    if result.text is not None:
        return result.text.splitlines()
    return [f"written to {result.output}:", *(f"  {name}" for name in result.objects)]


_WORDS: dict[type[Model], Callable[[Any], list[str]]] = {
    PromotionResult: _promotion,
    SignOffResult: _signed,
    AwaitSignOffsResult: _awaited,
    HistoryResult: _history,
    DescribeResult: _description,
    StreamResult: _stream,
    RollbackResult: _rollback,
    ReleaseResult: _release,
    ReleaseRollbackResult: _release_rollback,
    WatchResult: _watched,
    TagResult: _tags,
    ImportResult: _import,
    StartBuildResult: _build,
    DoctorResult: _examination,
    ManifestsResult: _manifests,
}
