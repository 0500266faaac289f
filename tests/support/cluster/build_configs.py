"""BuildConfigs: how the caller describes one, and how the server completes and checks it [7]."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from .answers import BUILD_CONFIGS, Document, invalid

Strategy = Literal["JenkinsPipeline", "Source"]
RunPolicy = Literal["Serial", "Parallel"]

_PAUSED = "openshift.io/build-config.paused"
_BUILDER = {"kind": "DockerImage", "name": "registry.example/builder:1"}
_STRATEGY_FIELDS = ("dockerStrategy", "sourceStrategy", "customStrategy", "jenkinsPipelineStrategy")
_DEFAULTS: Document = {
    "triggers": [],
    "runPolicy": "Serial",
    "source": {"type": "None"},
    "strategy": {},
    "output": {},
    "resources": {},
    "postCommit": {},
    "nodeSelector": None,
    "successfulBuildsHistoryLimit": 5,
    "failedBuildsHistoryLimit": 5,
}


@dataclass(frozen=True)
class GenericTrigger:
    """A generic webhook: its secret stands in the BuildConfig or under WebHookSecretKey in a Secret."""

    secret: str | None = None
    allow_env: bool = False
    secret_reference: str | None = None

    def document(self) -> Document:
        generic: Document = {"secret": self.secret} if self.secret is not None else {}
        if self.allow_env:
            generic["allowEnv"] = True
        if self.secret_reference is not None:
            generic["secretReference"] = {"name": self.secret_reference}
        return {"type": "Generic", "generic": generic}


def build_config(
    name: str,
    *,
    strategy: Strategy = "JenkinsPipeline",
    jenkinsfile: str = "",
    env: Mapping[str, str] | None = None,
    triggers: Iterable[GenericTrigger] = (),
    git_ref: str | None = None,
    source: Document | None = None,
    output: Document | None = None,
    run_policy: RunPolicy = "Serial",
    paused: bool = False,
) -> Document:
    """Return a BuildConfig to POST, which pushes to `output`; with `git_ref` its source is a Git branch."""
    variables = [{"name": key, "value": value} for key, value in (env or {}).items()]
    with_env: Document = {"env": variables} if variables else {}
    if strategy == "JenkinsPipeline":
        chosen = {"type": strategy, "jenkinsPipelineStrategy": {"jenkinsfile": jenkinsfile} | with_env}
    else:
        chosen = {"type": strategy, "sourceStrategy": {"from": _BUILDER} | with_env}
    if git_ref:
        source = {"git": {"uri": f"https://git.example/{name}.git", "ref": git_ref}}
    return {
        "kind": BUILD_CONFIGS.name,
        "apiVersion": BUILD_CONFIGS.api_version,
        "metadata": {"name": name} | ({"annotations": {_PAUSED: "true"}} if paused else {}),
        "spec": {
            "triggers": [trigger.document() for trigger in triggers],
            "runPolicy": run_policy,
            "strategy": chosen,
        }
        | ({"source": source} if source else {})
        | ({"output": {"to": output}} if output else {}),
    }


def completed(document: Document) -> Document:
    """Return the document with the server's defaults, or raise 422 for one it would refuse."""
    spec = {**_DEFAULTS, **copy.deepcopy(document.get("spec", {}))}
    _check(document["metadata"]["name"], spec)
    if "git" in spec["source"]:
        spec["source"] = {"type": "Git"} | spec["source"]
    for generic in _generic_triggers(spec):
        if not generic.get("allowEnv"):
            generic.pop("allowEnv", None)
    return document | {"spec": spec, "status": {"lastVersion": 0}}


def strategy_field(spec: Document) -> str:
    """Return the field below `spec.strategy` that holds the strategy's env."""
    return next(field for field in _STRATEGY_FIELDS if spec["strategy"].get(field) is not None)


def generic_triggers(config: Document) -> list[Document]:
    """Return the `generic` objects of the BuildConfig's triggers."""
    return _generic_triggers(config["spec"])


def is_pipeline(document: Document) -> bool:
    """Tell whether a BuildConfig or Build is run by Jenkins, not in a build pod."""
    return strategy_field(document["spec"]) == "jenkinsPipelineStrategy"


def is_paused(config: Document) -> bool:
    return str(config["metadata"].get("annotations", {}).get(_PAUSED, "")).lower() == "true"


def _generic_triggers(spec: Document) -> list[Document]:
    return [trigger["generic"] for trigger in spec["triggers"] if trigger["type"] == "Generic"]


def _check(name: str, spec: Document) -> None:
    for index, trigger in enumerate(spec["triggers"]):
        generic = trigger.get("generic", {})
        if trigger["type"] == "Generic" and not generic.get("secret") and "secretReference" not in generic:
            raise _no_secret(name, index, allow_env=bool(generic.get("allowEnv")))
    if not any(spec["strategy"].get(field) is not None for field in _STRATEGY_FIELDS):
        raise _no_strategy(name)


def _no_secret(name: str, index: int, *, allow_env: bool) -> Exception:
    """[7] create, Generic trigger with no secret."""
    seen = _go_value({"Secret": "", "AllowEnv": allow_env, "SecretReference": None})
    problem = f"Invalid value: {seen}: must provide a value for at least one of secret or secretReference"
    return invalid(BUILD_CONFIGS, name, f"spec.triggers[{index}].generic", problem)


def _no_strategy(name: str) -> Exception:
    """[7] create, no strategy."""
    seen = _go_value(dict.fromkeys(["DockerStrategy", "SourceStrategy", "CustomStrategy", "JenkinsPipelineStrategy"]))
    problem = (
        f"Invalid value: {seen}: must provide a value for exactly one of sourceStrategy, customStrategy, "
        "dockerStrategy, or jenkinsPipelineStrategy"
    )
    return invalid(BUILD_CONFIGS, name, "spec.strategy", problem)


def _go_value(value: Document) -> str:
    return json.dumps(value, separators=(",", ":"))
