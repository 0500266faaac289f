"""How a release's blobs are cut into shards."""

from __future__ import annotations

import pytest

from promoter.model.manifest import Descriptor
from promoter.release.shards import Shard
from promoter.release.staging import Demand
from tests.support.images import digest_of


def demands(sizes: list[int]) -> list[Demand]:
    blobs = [Descriptor("layer", digest_of(f"{number}".encode()), size) for number, size in enumerate(sizes)]
    return [Demand(blob, {"shop/app": []}) for blob in blobs]


@pytest.mark.parametrize("total", [1, 2, 3, 7, 50])
def test_parts_are_disjoint_and_together_everything(total: int) -> None:
    wanted = demands([1_000, 1_000, 700, 500, 500, 30, 20, 10, 0, 0])
    parts = [Shard(number + 1, total).part_of(wanted) for number in range(total)]
    assert sorted(one.blob.digest for part in parts for one in part) == sorted(one.blob.digest for one in wanted)


def test_parts_have_about_as_many_bytes_each() -> None:
    wanted = demands([900, 500, 400, 300, 300, 200, 100, 100])
    assert [sum(one.blob.size for one in Shard(number, 2).part_of(wanted)) for number in (1, 2)] == [1400, 1400]


def test_the_order_makes_no_difference() -> None:
    wanted = demands([5, 4, 4, 4, 3, 3, 1])
    for number in (1, 2, 3):
        assert Shard(number, 3).part_of(wanted) == Shard(number, 3).part_of(wanted[::-1])
