"""Cutting a release's transfers into shards, for several agents at once.

A shard is a part of the distinct blobs, each of which is brought to the first repository that needs it. The same images
are always cut in the same way, so that agents need not talk to each other: each brings its own part, and whoever runs
the release as a whole afterwards finds everything there, mounts it where else it is needed, and flips the tags.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from promoter.errors import WrongUsage
from promoter.model.line import quoted
from promoter.release.staging import Demand

_FORM = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


class Shard(NamedTuple):
    """One of several parts, counted from 1."""

    number: int
    total: int

    def __str__(self) -> str:
        """Write it as people do."""
        return f"{self.number}/{self.total}"

    def part_of(self, demands: list[Demand]) -> list[Demand]:
        """Return what this shard brings: parts have about as many bytes each.

        Args:
            demands: all of them, the largest first.

        """
        loads = [0] * self.total
        mine = []
        for demand in sorted(demands, key=lambda one: (-one.blob.size, one.blob.digest, *one.cargoes)):
            lightest = loads.index(min(loads))
            loads[lightest] += max(demand.blob.size, 1)
            if lightest == self.number - 1:
                mine.append(demand)
        return mine


def parse_shard(text: str) -> Shard:
    """Read `I/N`.

    Raises:
        WrongUsage: it is something else, or there is no such part.

    """
    match = _FORM.fullmatch(text)
    if match:
        shard = Shard(int(match[1]), int(match[2]))
        if 1 <= shard.number <= shard.total:
            return shard
    raise WrongUsage(f"{quoted(text)} is no shard.", "Write I/N, such as 1/4 for the first of four; I is from 1 to N.")
