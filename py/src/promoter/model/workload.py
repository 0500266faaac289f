"""Names of what runs images in a cluster: `deployment/NAME`, and `dc/NAME` for a DeploymentConfig."""

from __future__ import annotations

import re
from typing import NamedTuple

from promoter.errors import WrongUsage
from promoter.model.line import quoted

DEPLOYMENT = "deployment"
CONFIG = "dc"
_NAME = re.compile(r"(deployment|dc)/([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)")


class WorkloadName(NamedTuple):
    """The name of a workload.

    Args:
        kind: `deployment` or `dc`.
        name: its name in its project.

    """

    kind: str
    name: str

    def __str__(self) -> str:
        """Write it as `oc` takes it."""
        return f"{self.kind}/{self.name}"


def parse_workload(text: str) -> WorkloadName:
    """Read the name of a workload.

    Raises:
        WrongUsage: the text is none.

    """
    found = _NAME.fullmatch(text)
    if found is None:
        raise WrongUsage(f"{quoted(text)} is no workload.", "Write deployment/NAME, or dc/NAME for a DeploymentConfig.")
    return WorkloadName(found[1], found[2])
