"""The schemas of Kubernetes and OpenShift; `python -m tests.support.schemas` fetches them.

Both projects keep what their API servers publish in their Go modules. What arrives is checked against the hashes below.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft4Validator

from tests.support.repository import ROOT

DIRECTORY = ROOT / "build" / "schemas"
_GO_TIMEOUT_SECONDS = 300
_OPENSHIFT = "com.github.openshift.api"

Document = dict[str, Any]


class Module(NamedTuple):
    """A version of a Go module, the hash of its content as go.sum has it, and the path of the document in it."""

    version: str
    content: str
    path: str

    @property
    def copy(self) -> Path:
        """Where the document is kept here."""
        return DIRECTORY / f"{self.version.partition('@')[0].replace('/', '-')}.json"


KUBERNETES = Module(
    "k8s.io/kubernetes@v1.34.1", "h1:F3p8dtpv+i8zQoebZeK5zBqM1g9x1aIdnA5vthvcuUk=", "api/openapi-spec/swagger.json"
)
OPENSHIFT = Module(
    "github.com/openshift/api@v0.0.0-20260105191300-d1c4dc4fd37b",
    "h1:yfjc5FZliZbhtT+VxUK5qfCbO9yXMmdJTsOJ7ilA7RQ=",
    "openapi/openapi.json",
)


def misfits(document: Document) -> list[str]:
    """Return what a cluster would not take about an object, a field that it does not know among it."""
    kind = f"{document['apiVersion']} {document['kind']}"
    if kind not in _kinds():
        return [f"there is no {kind}"]
    schema = {"$ref": f"#/definitions/{_kinds()[kind]}", "definitions": _definitions()}
    errors = Draft4Validator(schema).iter_errors(document)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


def fetch() -> None:
    """Fetch both documents.

    Raises:
        RuntimeError: a module is another one than it was.

    """
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for module in (KUBERNETES, OPENSHIFT):
        with tempfile.TemporaryDirectory() as cache_directory:
            shutil.copyfile(_download(module, cache_directory) / module.path, module.copy)


def _download(module: Module, cache_directory: str) -> Path:
    # The hash below stands in for the public checksum database.
    settings = {"GOMODCACHE": cache_directory, "GOFLAGS": "-modcacherw", "GONOSUMDB": "*"}
    command = ["go", "mod", "download", "-json", module.version]
    answer = subprocess.run(
        command,
        cwd=cache_directory,
        env=os.environ | settings,
        check=True,
        stdout=subprocess.PIPE,
        timeout=_GO_TIMEOUT_SECONDS,
    ).stdout
    found = json.loads(answer)
    if found["Sum"] != module.content:
        raise RuntimeError(f"{module.version} has the hash {found['Sum']}, not {module.content}")
    return Path(found["Dir"])


@cache
def _definitions() -> dict[str, Document]:
    """Return the definitions of both, in which an object has the fields that are named and no others."""
    kubernetes, openshift = (
        json.loads(module.copy.read_text(encoding="utf-8"))["definitions"] for module in (KUBERNETES, OPENSHIFT)
    )
    found: dict[str, Document] = {**openshift, **kubernetes}
    for definition in found.values():
        if "properties" in definition:
            definition.setdefault("additionalProperties", False)
        if definition.get("format") == "int-or-string":
            definition["type"] = ["string", "integer"]
    return found


@cache
def _kinds() -> dict[str, str]:
    """Return the names of the definitions by `apiVersion kind`."""
    found = {}
    for name, definition in _definitions().items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            version = f"{kind['group']}/{kind['version']}" if kind["group"] else kind["version"]
            found[f"{version} {kind['kind']}"] = name
        if name.startswith(_OPENSHIFT):
            group, version, kind_name = name.removeprefix(f"{_OPENSHIFT}.").split(".")
            found[f"{group}.openshift.io/{version} {kind_name}"] = name
    return found


if __name__ == "__main__":
    fetch()
