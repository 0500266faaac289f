"""What people read of a promotion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promoter.cli.words.forms import size
from promoter.model.base import Model
from promoter.model.promotion import BlobCounts, PromotionResult, RolloutOutcome


def promotion_words(result: PromotionResult) -> list[str]:
    """Return a promotion in lines for people."""
    lines = [
        f"{result.status}: {result.destination}",
        f"  digest     {result.digest}",
        f"  source     {result.source}",
        f"  platforms  {', '.join(result.platforms)}" if result.platforms else "",
        f"  blobs      {moved(result.blobs, result.bytes_uploaded)}" if result.blobs.total else "",
        f"  replaces   {result.previous_digest}" if result.previous_digest and result.status != "unchanged" else "",
        f"  kept as    {result.kept}" if result.kept else "",
        f"  record     {result.record}" if result.record else "",
        *(f"  gate       {gate}" for gate in result.gates),
        *(f"  open gate  {gate}" for gate in result.open_gates),
        f"  build      {result.build.name} ({result.build.phase})" if result.build else "",
        "  verified   no: the destination may not be looked at from here" if result.verified is False else "",
        f"  stream tag {result.stream_tag}" if result.stream_tag else "",
        _rollout(result.rollout) if result.rollout else "",
        f"  stopped    {', '.join(result.scaled_down)} (scaled to zero)" if result.scaled_down else "",
        f"  took       {result.duration_seconds:.1f} s",
    ]
    return [line for line in lines if line]


def moved(blobs: BlobCounts, uploaded: int) -> str:
    """Tell how blobs got to their destination, and how many bytes were uploaded for it."""
    ways = f"{blobs.uploaded} uploaded ({size(uploaded)}), {blobs.mounted} mounted, {blobs.present} present"
    return f"{blobs.total}: {ways}"


def _rollout(rollout: RolloutOutcome) -> str:
    return f"  rolled out {', '.join(rollout.deployments)} ({rollout.pods} running)"


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {PromotionResult: promotion_words}
