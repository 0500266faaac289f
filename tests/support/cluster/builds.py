"""Builds: made from a BuildConfig by a webhook or by instantiate, and patched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from .answers import BUILD_CONFIGS, BUILDS, ApiError, Document, bad_request, invalid
from .build_configs import is_paused, strategy_field
from .objects import Objects, timestamp
from .phases import TERMINAL, set_phase
from .runs import Runs

_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_BAD_ENV_NAME = (  # [8] env with a bad name
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', "
    "and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', "
    "regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"
)


@dataclass(frozen=True)
class BuildRequest:
    """What a webhook or an instantiate asks for; `env` and the rest are as the Build will hold them."""

    env: Sequence[Document] = ()
    triggered_by: Sequence[Document] = ()
    revision: Document | None = None
    last_version: int | None = None


class Builds:
    """Makes builds, has them run, and patches them."""

    def __init__(self, objects: Objects, runs: Runs) -> None:
        self._objects = objects
        self._runs = runs

    def make(self, project: str, config_name: str, request: BuildRequest) -> Document:
        """Make a Build from the BuildConfig, whose `lastVersion` counts even a Build that is refused."""
        config = self._objects.edit(BUILD_CONFIGS, project, config_name, lambda config: _count_build(config, request))
        build = _new_build(config, request)
        _check_env(build)
        made = self._objects.create(BUILDS, project, build)
        self._runs.start(made)
        return made

    def instantiate(self, project: str, config_name: str, document: Document) -> Document:
        """Make a Build from a BuildRequest document."""
        requested = document.get("metadata", {}).get("name", "")
        request = BuildRequest(
            env=document.get("env", ()),
            triggered_by=document.get("triggeredBy") or [{"message": "Manually triggered"}],
            revision=document.get("revision"),
            last_version=document.get("lastVersion"),
        )
        try:
            self._objects.get(BUILD_CONFIGS, project, requested)
        except ApiError as missing:
            raise _forbidden(config_name, str(missing)) from None
        return self.make(project, requested, request)

    def patch(self, project: str, name: str, patch: Document) -> Document:
        """Merge the patch into the Build; one told to cancel is Cancelled right after the answer's state [9]."""
        patched = self._objects.edit(BUILDS, project, name, lambda build: _patch(build, patch))
        if patched["status"].get("cancelled"):
            self._runs.cancel(project, name)
        return patched

    def collect(self, project: str, config_name: str) -> None:
        """Delete the builds of a BuildConfig that was deleted [17]."""
        for build in self._objects.all(BUILDS, project):
            if build["status"]["config"]["name"] == config_name:
                self._runs.cancel(project, build["metadata"]["name"])
                self._objects.delete(BUILDS, project, build["metadata"]["name"])


def _count_build(config: Document, request: BuildRequest) -> None:
    """[13] webhook of a paused buildconfig, instantiate with lastVersion that does not match."""
    metadata, status = config["metadata"], config["status"]
    where = f"{metadata['namespace']}/{metadata['name']}"
    if is_paused(config):
        raise bad_request(f"can't instantiate from BuildConfig {where}: BuildConfig is paused")
    if request.last_version not in (None, status["lastVersion"]):
        raise bad_request(
            f"the LastVersion({status['lastVersion']}) on build config {where} "
            f"does not match the build request LastVersion({request.last_version})"
        )
    status["lastVersion"] += 1
    metadata["generation"] += 1


def _new_build(config: Document, request: BuildRequest) -> Document:
    """[8] right secret, JSON env, allowEnv true; [9] instantiate."""
    metadata, spec = config["metadata"], config["spec"]
    number = config["status"]["lastVersion"]
    now = timestamp()
    build_spec = {
        "serviceAccount": spec.get("serviceAccount", "builder"),
        "source": spec["source"],
        "strategy": _strategy_with(spec, request.env),
        **{key: spec[key] for key in ("output", "resources", "postCommit", "nodeSelector")},
        "triggeredBy": list(request.triggered_by),
    }
    if request.revision is not None:
        build_spec["revision"] = request.revision
    return {
        "metadata": {
            "name": f"{metadata['name']}-{number}",
            "labels": {
                "buildconfig": metadata["name"],
                "openshift.io/build-config.name": metadata["name"],
                "openshift.io/build.start-policy": spec["runPolicy"],
            },
            "annotations": {
                "openshift.io/build-config.name": metadata["name"],
                "openshift.io/build.number": str(number),
            },
            "ownerReferences": [
                {
                    "apiVersion": BUILD_CONFIGS.api_version,
                    "kind": BUILD_CONFIGS.name,
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                    "controller": True,
                }
            ],
        },
        "spec": build_spec,
        "status": {
            "phase": "New",
            "config": {"kind": "BuildConfig", "namespace": metadata["namespace"], "name": metadata["name"]},
            "output": {},
            "conditions": [{"type": "New", "status": "True", "lastUpdateTime": now, "lastTransitionTime": now}],
        },
    }


def _strategy_with(spec: Document, env: Sequence[Document]) -> Document:
    """Return the strategy with the BuildConfig's env less the requested names, then the requested env [8]."""
    field = strategy_field(spec)
    details = spec["strategy"][field]
    requested = {variable.get("name") for variable in env}
    kept = [variable for variable in details.get("env", []) if variable["name"] not in requested]
    merged = [*kept, *env]
    return {**spec["strategy"], field: details | ({"env": merged} if merged else {})}


def _check_env(build: Document) -> None:
    field = strategy_field(build["spec"])
    for index, variable in enumerate(build["spec"]["strategy"][field].get("env", [])):
        name = variable.get("name", "")
        if not _ENV_NAME.fullmatch(name):
            problem = f'Invalid value: "{name}": {_BAD_ENV_NAME}' if name else "Required value"
            path = f"spec.strategy.{field}.env[{index}].name"
            raise invalid(BUILDS, build["metadata"]["name"], path, problem)


def _patch(build: Document, patch: Document) -> None:
    old_phase = build["status"]["phase"]
    merge(build, patch)
    new_phase = build["status"]["phase"]
    if new_phase == old_phase:
        return
    if old_phase in TERMINAL:  # [9] merge PATCH status.phase
        problem = f'Invalid value: "{new_phase}": phase cannot be updated from a terminal state'
        raise invalid(BUILDS, build["metadata"]["name"], "status.phase", problem)
    set_phase(build, new_phase)


def merge(document: Document, patch: Document) -> None:
    for key, value in patch.items():
        if value is None:
            document.pop(key, None)
        elif isinstance(value, dict) and isinstance(document.get(key), dict):
            merge(document[key], value)
        else:
            document[key] = value


def _forbidden(name: str, why: str) -> ApiError:
    """[9] instantiate, name mismatch; instantiate, missing buildconfig."""
    message = f'{BUILD_CONFIGS.resource} "{name}" is forbidden: {why}'
    return ApiError(HTTPStatus.FORBIDDEN, "Forbidden", message, BUILD_CONFIGS.details(name))
