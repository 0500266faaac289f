"""Which releases are measured."""

from __future__ import annotations

from typing import NamedTuple

from tests.bench import workloads
from tests.bench.workloads import Maker

FRESH, REPEATED = "fresh", "repeated"


class Case(NamedTuple):
    """Something to bring, and how fast.

    Args:
        name: what it is called on the command line.
        about: the work, for people, with the sizes in braces.
        make: makes the workload.
        limits: the ratio to the best peer to stay below, where there is one.
        slow: whether the network is.
        standing: whether the destination has everything before; it is the same one for all tools.

    """

    name: str
    about: str
    make: Maker
    limits: dict[str, float]
    slow: bool = False
    standing: bool = False

    @property
    def phases(self) -> tuple[str, ...]:
        """Which runs are timed."""
        return (REPEATED,) if self.standing else (FRESH, REPEATED)


_SMALL = "{small_images} small images"
CASES = (
    Case("large", "one image, {large_megabytes} MB", workloads.large, {}),
    Case("shared", "{shared_images} images sharing three layers", workloads.shared, {FRESH: 0.5, REPEATED: 0.8}),
    Case("small", _SMALL, workloads.small, {FRESH: 0.4}),
    Case("multi-arch", "{multi_arch_images} images for three platforms", workloads.multi_arch, {}),
    Case("latency", _SMALL + ", {latency_milliseconds} ms away", workloads.small, {FRESH: 0.4}, slow=True),
    Case("many", "{many_images} images", workloads.many, {REPEATED: 0.8}, standing=True),
)
