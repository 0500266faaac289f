"""The generic webhook of a BuildConfig [8]."""

from __future__ import annotations

import base64
import re

from .answers import (
    BUILD_CONFIGS,
    SECRETS,
    ApiError,
    Document,
    Kind,
    bad_request,
    internal_error,
    not_found,
    notice,
    unauthorized,
)
from .build_configs import generic_triggers
from .builds import BuildRequest, Builds
from .objects import Objects
from .payloads import Unreadable, read_payload

BODY_LIMIT = 3145728

_HOOKS = Kind("build.openshift.io", "buildconfighook", "BuildConfigHook")
_HOOK_TYPES = ("generic", "github", "gitlab", "bitbucket")


class Webhooks:
    """Checks a webhook's secret, reads its payload and makes the Build."""

    def __init__(self, objects: Objects, builds: Builds) -> None:
        self._objects = objects
        self._builds = builds

    def call(self, project: str, name: str, subpath: str, content_type: str, body: bytes) -> list[Document]:
        """Return what to answer: the Build, or a Status that says why there is none, or Build and warning."""
        trigger = self._trigger(project, name, subpath)
        source = self._objects.get(BUILD_CONFIGS, project, name)["spec"]["source"]
        try:
            payload, warnings = read_payload(content_type, body), []
        except Unreadable as unreadable:
            payload, warnings = None, [notice(str(unreadable))]
        revision = None
        if "git" in source and payload is not None:
            event = payload.get("git")
            if event is None:
                warnings = [notice("no git information found in payload, ignoring and continuing with build")]
            elif _branch(event) != _branch(source["git"]):
                return [_skipped(event)]
            else:
                revision = _revision(event)
        env = payload.get("env") if payload and trigger.get("allowEnv") else None
        request = BuildRequest(env=env or (), triggered_by=[_cause(revision)], revision=revision)
        return [self._make(project, name, request, body), *warnings]

    def _trigger(self, project: str, name: str, subpath: str) -> Document:
        """Return the trigger that the secret in the path belongs to."""
        secret, hook_type = _split(subpath)
        try:
            config = self._objects.get(BUILD_CONFIGS, project, name)
        except ApiError:
            raise _not_accepted(name, hook_type) from None
        triggers = generic_triggers(config) if hook_type == "generic" else []
        for trigger in triggers:
            if secret in self._secrets(project, trigger):
                return trigger
        raise _not_accepted(name, hook_type)

    def _secrets(self, project: str, trigger: Document) -> set[str]:
        secrets = {trigger["secret"]} if trigger.get("secret") else set()
        reference = trigger.get("secretReference")
        if reference:
            try:
                data = self._objects.get(SECRETS, project, reference["name"])["data"]
            except ApiError:
                return secrets  # [8] secret object not there
            if "WebHookSecretKey" in data:
                secrets.add(base64.b64decode(data["WebHookSecretKey"]).decode())
        return secrets

    def _make(self, project: str, name: str, request: BuildRequest, body: bytes) -> Document:
        try:
            if len(body) > BODY_LIMIT:  # [13] webhook, 4 MiB body
                raise too_large()
            return self._builds.make(project, name, request)
        except ApiError as error:
            raise internal_error(f"could not generate a build: {error}") from None


def too_large() -> ApiError:
    """[13] ImageStream POST, 4 MiB body."""
    message = f"Request entity too large: limit is {BODY_LIMIT}"
    return ApiError(413, "RequestEntityTooLarge", message)


def _split(subpath: str) -> tuple[str, str]:
    """[8] path without type, unknown hook type; [13] webhook secret with slash, stored empty."""
    subpath = re.sub("/+", "/", subpath)
    parts = subpath.removeprefix("/").split("/")
    if len(parts) != 2:
        raise bad_request(f"unexpected hook subpath {subpath}")
    secret, hook_type = parts
    if hook_type not in _HOOK_TYPES:
        raise not_found(_HOOKS, hook_type)
    return secret, hook_type


def _not_accepted(name: str, hook_type: str) -> ApiError:
    """[8] wrong secret, buildconfig not there, namespace not there, no triggers in the buildconfig."""
    return unauthorized(f'the webhook "{hook_type}" for "{name}" did not accept your secret')


def _branch(git: Document) -> str:
    return str(git.get("ref") or "").removeprefix("refs/heads/")


def _skipped(event: Document) -> Document:
    """[8] Source with git, other branch."""
    reference = event.get("ref") or ""
    return notice(f'skipping build. Branch reference from "{reference}" does not match configuration')


def _revision(event: Document) -> Document:
    """[8] Source with git, matching git payload."""
    git = {"commit": event.get("commit"), "author": event.get("author") or {}}
    git |= {"committer": event.get("committer") or {}, "message": event.get("message")}
    return {"type": "Git", "git": {key: value for key, value in git.items() if value is not None}}


def _cause(revision: Document | None) -> Document:
    """The server hides the webhook's secret: `<secret>` is what it writes, in the answer and in the Build."""
    hook = {"secret": "<secret>"} if revision is None else {"revision": revision, "secret": "<secret>"}
    return {"message": "Generic WebHook", "genericWebHook": hook}
