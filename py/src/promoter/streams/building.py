"""Start a build, follow it to its end, and tag what it pushed only if it succeeded."""

from __future__ import annotations

import os

from promoter.credentials.sources import load_credential
from promoter.errors import DownstreamFailed, Interrupted, PromoterError, Refused, TimedOut, WrongUsage
from promoter.model.line import quoted
from promoter.model.promotion import BuildOutcome
from promoter.model.request import StartBuildRequest, TagRequest
from promoter.model.streams import StartBuildResult, TagOutcome
from promoter.openshift.access import require_right
from promoter.openshift.build_configs import BuildConfigs
from promoter.openshift.builds import Build
from promoter.openshift.following import follow
from promoter.openshift.rights import Right
from promoter.openshift.webhook import SECRET_KEY, GenericWebhook
from promoter.promotion.addresses import Address, Addresses
from promoter.promotion.places import Places
from promoter.streams.outputs import output_of
from promoter.streams.tag import tag


def start_build(request: StartBuildRequest, places: Places) -> StartBuildResult:
    """Start a build of a BuildConfig and follow its log; set the tags, if there are any, to what it pushed.

    The tags are looked at before the build is started. None is set unless it succeeds.

    Raises:
        DownstreamFailed: the build did not succeed.
        TimedOut: it had not ended in time; it goes on.
        PromoterError: see `promoter.errors`.

    """
    environment, name = _named(request.build_config)
    addresses, parameters = Addresses(places), dict(map(_parameter, request.parameter))
    streams = addresses.streams(environment)
    configs = BuildConfigs(streams.api, streams.project)
    config = configs.get(name)
    repository = output_of(config, environment, streams, places) if request.tag else ""
    for destination in map(addresses.tag, request.tag):
        _require_settable(destination, force=request.force)
    if request.dry_run:
        return StartBuildResult(status="planned", build_config=request.build_config)
    ended = follow_to_end(configs, _start(configs, name, parameters, request), places)
    built = StartBuildResult(
        status="built",
        build_config=request.build_config,
        build=BuildOutcome(name=ended.name, phase=ended.phase, log=ended.log_url),
        digest=ended.output_digest,
    )
    return built.but(tags=_tag(ended, repository, request, places)) if request.tag else built


def _named(text: str) -> tuple[str, str]:
    environment, _, name = text.partition("/")
    if not name or set(name) & set("/:@"):
        raise WrongUsage(f"{quoted(text)} is no BuildConfig.", "Write environment/name.")
    return environment, name


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise WrongUsage(f"{quoted(name)} is given no value.", "Write --parameter NAME=VALUE.")
    return name, value


def _require_settable(destination: Address, *, force: bool) -> None:
    """Insist that a tag may be set, before a build is started for it.

    Raises:
        Refused: it is taken.
        NotPermitted, Unreachable: the right is missing, or it cannot be looked at.

    """
    stream, standing = destination.look()
    if standing.digest and not force:
        raise Refused(
            f"{destination} is taken: it is {standing.digest}.",
            "Take another tag, or overwrite it with --force; the digest it has now stays in its history.",
        )
    streams = destination.streams
    right = Right("update" if stream else "create", "imagestreamtags", streams.project)
    require_right(streams.api, right, f"{destination} cannot be set")


def _start(configs: BuildConfigs, name: str, parameters: dict[str, str], request: StartBuildRequest) -> Build:
    if request.webhook_secret is None:
        return configs.start(name, parameters, f"promoter start-build {os.urandom(8).hex()}")
    secret = load_credential(request.webhook_secret, key=SECRET_KEY)
    return GenericWebhook(configs.api, configs.project, name, secret).trigger(parameters)


def follow_to_end(configs: BuildConfigs, started: Build, places: Places) -> Build:
    """Return the build at its end.

    Raises:
        DownstreamFailed: it did not succeed.
        TimedOut: it had not ended in time.
        NotFound, NotPermitted: it cannot be seen.

    """
    named = f"{configs.project}/{started.name}"
    places.say(f"started the build {named}")
    stop = f"`oc cancel-build {started.name} --namespace {configs.project}` stops it."
    try:
        ended = follow(configs.builds, started.name, None, places.deadline, places.say)
    except TimedOut as failure:
        raise TimedOut(
            f"{failure.message} The build {named} goes on; nothing was tagged.",
            f"Give it more time (--timeout). {stop}",
        ) from failure
    except Interrupted as interruption:
        interruption.remedy = f"The build {named} goes on; nothing was tagged. {stop}"
        raise
    except PromoterError as failure:
        failure.message = f"The build {named} was started, but cannot be followed: {failure.message}"
        raise
    if not ended.has_succeeded:
        why = f": {ended.message.rstrip('.')}" if ended.message else ""
        log = ended.log_url or f"oc logs --namespace {configs.project} build/{ended.name}"
        raise DownstreamFailed(
            f"The build {named} ended as {ended.phase}{why}. Nothing was tagged.",
            f"Its log tells why ({log}). Mend the cause, then start it again.",
        )
    return ended


def _tag(ended: Build, repository: str, request: StartBuildRequest, places: Places) -> tuple[TagOutcome, ...]:
    """Set the tags to what a build has pushed.

    Raises:
        DownstreamFailed: it does not say what.
        PromoterError: one cannot be set; see `tag`.

    """
    if ended.output_digest is None:
        raise DownstreamFailed(
            f"The build {ended.name} succeeded, but does not say what it pushed. Nothing was tagged.",
            "Look at the build's `status.output`; `promoter tag` tags an image by its digest.",
        )
    image = f"{repository}@{ended.output_digest}"
    stated = {name: getattr(request, name) for name in ("reason", "requested_by", "promotion_id", "force")}
    try:
        return tag(TagRequest(source=image, destinations=request.tag, **stated), places).tags
    except PromoterError as failure:
        failure.message = f"The build {ended.name} succeeded and pushed {image}, but: {failure.message}"
        failure.remedy = f"{failure.remedy} Then run `promoter tag {image} {' '.join(request.tag)}`."
        raise
