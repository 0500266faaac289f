"""Writes documents as one OpenShift Template, for `oc process`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from promoter.manifests.parameters import Parameter

_HEAD = """---
# To be processed with the values of its parameters, and applied:
#     oc process --local --filename FILE --param-file values.env | oc apply --filename -
# `oc process --parameters --local --filename FILE` lists them. Secrets belong into the file, not onto the command line.
# `promoter manifests --side {side}` renders the same from a promotion.yaml.
apiVersion: template.openshift.io/v1
kind: Template
metadata:
  name: image-promoter-{side}
  annotations:
    description: What {side} needs to have images promoted
objects:
"""


def template(side: str, documents: list[str], parameters: Mapping[str, Parameter]) -> str:
    """Return the template's text, with the documents' comments."""
    objects = (line for document in documents for line in _item(document))
    return _HEAD.format(side=side) + "".join([*objects, "parameters:\n", *_parameters(parameters)])


def _item(document: str) -> Iterator[str]:
    """Write a document as an item of a list: the comments in front of it stay in front."""
    started = False
    for line in document.splitlines(keepends=True):
        if not line.strip():
            yield line
        elif started or line.startswith("#"):
            yield f"{'    ' if started else '  '}{line}"
        else:
            started = True
            yield f"  - {line}"


def _parameters(parameters: Mapping[str, Parameter]) -> Iterator[str]:
    for name, parameter in parameters.items():
        yield f"  - name: {name}\n    description: {json.dumps(parameter.about)}\n"
        if parameter.value:
            value = parameter.value if isinstance(parameter.value, str) else json.dumps(parameter.value)
            yield f"    value: {json.dumps(value, ensure_ascii=False)}\n"
        if parameter.is_given:
            yield "    required: true\n"
