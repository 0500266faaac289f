"""Runs the application's pipeline three times: a new image, the same again, and another under a tag that is taken."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.pipeline import PipelineRun
from tests.support.registry_client import resolve
from tests.support.two_clusters import TwoClusters, two_clusters

NON_PRODUCTION, PRODUCTION = "shop-dev/web", "shop/web"
COMMIT = "4f2a9c1d8e7b6a5f4c3d2e1f0a9b8c7d6e5f4a3b"


def title(text: str) -> None:
    """Print a heading."""
    print(f"\n\033[1m== {text}\033[0m", flush=True)


def console(side: str, line: str) -> None:
    """Print a line of a pipeline's console: stages stand out, and brackets around steps are left out."""
    stage = re.fullmatch(r"\[Pipeline\] { \((.*)\)", line)
    if stage:
        print(f"  {side:15} \033[36m{stage[1]}\033[0m", flush=True)
    elif not line.startswith("[Pipeline]"):
        print(f"  {side:15}   {line}", flush=True)


def non_production(line: str) -> None:
    """Print a line of the application's pipeline; what it forwards from production is printed by production."""
    if not line.startswith("| "):
        console("non-production", line)


def production(line: str) -> None:
    """Print a line of production's pipeline."""
    console("production", line)


def build(place: TwoClusters, expected: str) -> PipelineRun:
    """Run the application's pipeline, which has to end as expected."""
    run = place.run_application_pipeline(COMMIT, non_production)
    if run.result != expected:
        raise SystemExit(f"The pipeline ended as {run.result}, not as {expected}.")
    return run


def show_both_sides(place: TwoClusters, *, equal: bool) -> None:
    """Print what the tag is on both sides, which has to be the same or not, as expected."""
    digests = set[str]()
    sides = (("non-production", place.non_production, NON_PRODUCTION), ("production", place.production, PRODUCTION))
    for name, registry, repository in sides:
        found = resolve(registry, repository, COMMIT)
        digests.add(found.digest if found else "")
        print(f"  {name:15} {registry.host}/{repository}:{COMMIT[:7]}…  {found.digest if found else 'is not there'}")
    if (len(digests) == 1 and "" not in digests) != equal:
        raise SystemExit(f"The digests on both sides should {'' if equal else 'not '}be equal.")


def insist(run: PipelineRun, words: str) -> None:
    """End with an error if the pipeline did not say so."""
    if words not in run.log:
        raise SystemExit(f"The pipeline did not say {words!r}.")


def record_of(place: TwoClusters) -> dict[str, Any]:
    """Return what the record that is attached to the image in production states."""
    tag = resolve(place.production, PRODUCTION, COMMIT)
    index = resolve(place.production, PRODUCTION, tag.digest.replace(":", "-")) if tag else None
    if index is None:
        raise SystemExit("There is no record.")
    record = resolve(place.production, PRODUCTION, json.loads(index.content)["manifests"][0]["digest"])
    statement = json.loads(record.content)["layers"][0]["digest"] if record else ""
    stated: dict[str, Any] = json.loads(place.production.blob_file(statement).read_text())["predicate"]
    return stated


def main() -> int:
    """Show the main job."""
    title("Starting two registries (TLS; one with tokens, one with passwords) and a cluster's API")
    with TemporaryDirectory(prefix="demo-") as directory, two_clusters(Path(directory), production) as place:
        title("Jenkinsfile.example: build, test, and hand over to production by webhook")
        first = build(place, "SUCCESS")
        title("The digest on both sides, and where the record is")
        show_both_sides(place, equal=True)
        print("  record, attached to the image in production:")
        print(*(f"    {name:16} {value}" for name, value in record_of(place).items()), sep="\n")
        title("The same image again: unchanged, and production is not even asked")
        insist(build(place, "SUCCESS"), "unchanged: ")
        title("Another image under the same tag: refused")
        place.change_application("somebody else")
        refused = build(place, "FAILURE")
        insist(refused, "ERROR: refused: ")
        show_both_sides(place, equal=False)
        title("Done")
        print(f"  first: {first.description}\n  last:  {refused.log.splitlines()[-2]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
