"""What image streams and their tags have on them goes along, from one cluster to another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.bundle.conftest import BUNDLE, contents
from tests.streams.conftest import TAGGER, TOKEN, Streams, cluster, far, image, streams
from tests.support.cluster import Cluster, set_tags, view
from tests.support.images import Image
from tests.support.promoter import Promoter

__all__ = ["cluster", "far", "streams"]

LABELS = {"app.kubernetes.io/part-of": "shop"}
ANNOTATIONS = {"openshift.io/display-name": "The shop"}
TAG_ANNOTATIONS = {"release.openshift.io/inconsistency": '{"web": ["EmbargoedArches"]}', "version": "1.0"}
OF_STAGE = {
    "openshift.io/image.dockerRepositoryCheck": "2024-01-01T00:00:00Z",
    "kubectl.kubernetes.io/last-applied-configuration": "{}",
}


class Carried:
    """An application whose image stream has labels and annotations at `stage`; `far` is another cluster."""

    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self.name = streams.repository.rpartition("/")[2]
        streams.repository = f"shop-stage/{self.name}"
        self.image: Image = image(self.name)
        streams.push(self.image)
        streams.cluster.push("shop-stage", self.name, "1.0", self.image.digest, LABELS)
        self.change(streams.cluster, "shop-stage", self._describe)

    def _describe(self, stream: dict[str, Any]) -> None:
        stream["metadata"]["annotations"] = ANNOTATIONS | OF_STAGE
        noted = {"name": "1.0", "annotations": TAG_ANNOTATIONS | {"image-promoter/requested-by": "somebody"}}
        stream["spec"]["tags"] = [noted]

    def change(self, cluster: Cluster, project: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change an image stream as somebody else does."""
        cluster.imports.streams.edit(project, self.name, change)

    def export(self, *flags: str, output: str = BUNDLE) -> None:
        """Export the image."""
        outcome = self.streams.run("export-bundle", f"stage/{self.name}:1.0", "--output", output, *flags)
        assert outcome.exit_code == 0, outcome.stderr

    @property
    def there(self) -> dict[str, Any]:
        """The image stream in the far cluster."""
        return self.streams.far.image_stream("shop", self.name)

    @property
    def noted(self) -> dict[str, str]:
        """What is noted on its tag there, besides what is noted of each promotion."""
        [tag] = self.there["spec"]["tags"]
        return {key: value for key, value in tag["annotations"].items() if not key.startswith("image-promoter/")}


@pytest.fixture
def carried(streams: Streams) -> Carried:
    """The application."""
    return Carried(streams)


@pytest.fixture
def promoter(carried: Carried) -> Promoter:
    """The command."""
    return carried.streams.promoter


@pytest.mark.statement("P23")
def test_stream_and_tag_are_made_with_all_labels_and_annotations(carried: Carried) -> None:
    carried.export()
    [tag] = carried.streams.run("import-bundle", BUNDLE, "far").result["tags"]

    assert tag["stream_tag"] == f"far/{carried.name}:1.0"
    assert carried.streams.digests("shop", carried.name, "1.0", carried.streams.far) == [carried.image.digest]
    metadata = carried.there["metadata"]
    assert (metadata["labels"], metadata["annotations"]) == (LABELS, metadata["annotations"] | ANNOTATIONS)
    assert not metadata["annotations"].items() & OF_STAGE.items()
    assert carried.noted == TAG_ANNOTATIONS
    [spec] = carried.there["spec"]["tags"]
    assert spec["annotations"]["image-promoter/requested-by"] != "somebody"


def test_what_the_stream_has_there_stays(carried: Carried) -> None:
    def describe(stream: dict[str, Any]) -> None:
        stream["metadata"]["labels"] = {"app.kubernetes.io/part-of": "ours", "tier": "web"}

    carried.change(carried.streams.far, "shop", describe)
    carried.export()
    assert carried.streams.run("import-bundle", BUNDLE, "far").exit_code == 0
    assert carried.there["metadata"]["labels"] == {"app.kubernetes.io/part-of": "ours", "tier": "web"}


def test_a_second_time_nothing_is_written(carried: Carried) -> None:
    carried.export()
    assert carried.streams.run("import-bundle", BUNDLE, "far").exit_code == 0
    before = carried.there
    assert carried.streams.run("import-bundle", BUNDLE, "far").result["status"] == "unchanged"
    assert carried.there == before


def test_what_an_import_could_not_note_is_noted_by_another_one(carried: Carried) -> None:
    carried.export()
    assert carried.streams.run("import-bundle", BUNDLE, "far").exit_code == 0

    def forget(stream: dict[str, Any]) -> None:
        stream["metadata"]["labels"] = {}

    carried.change(carried.streams.far, "shop", forget)
    assert carried.streams.run("import-bundle", BUNDLE, "far").result["status"] == "unchanged"
    assert carried.there["metadata"]["labels"] == LABELS


def test_without_the_right_nothing_is_changed(carried: Carried) -> None:
    carried.export()
    carried.streams.far.add_user(TAGGER, token=TOKEN, rights=[view("shop"), set_tags("shop")])
    error = carried.streams.run("import-bundle", BUNDLE, "far").error
    assert (error["exit_code"], "patch imagestreams" in error["message"]) == (5, True)
    assert carried.name not in carried.streams.far.image_streams("shop")


def test_a_dry_run_makes_no_image_stream(carried: Carried) -> None:
    carried.export()
    assert carried.streams.run("import-bundle", BUNDLE, "far", "--dry-run").result["status"] == "planned"
    assert carried.name not in carried.streams.far.image_streams("shop")


def test_a_tag_that_is_another_image_in_the_stream_tells_nothing_of_this_one(carried: Carried) -> None:
    carried.streams.cluster.push("shop-stage", carried.name, "1.0", f"sha256:{'a' * 64}")
    carried.export(output="release/")
    [said] = contents(carried.streams.promoter.directory / "release")["images"]
    assert said["stream"] == {"labels": LABELS, "annotations": ANNOTATIONS, "tag-annotations": {}}


def test_labels_choose_what_is_exported(carried: Carried) -> None:
    arguments = ("stage", "--selector", "app.kubernetes.io/part-of=shop", "--output", BUNDLE)
    [exported] = carried.streams.run("export-bundle", *arguments).result["images"]
    assert exported["digest"] == carried.image.digest


def test_a_forged_note_of_who_set_the_tag_is_passed_over(carried: Carried) -> None:
    carried.export(output="release/")
    directory = carried.streams.promoter.directory / "release"
    before = (directory / "bundle.json").read_bytes()
    assert b"image-promoter" not in before
    forged = before.replace(b'"version": "1.0"', b'"image-promoter/approved-by": "alice"')
    (directory / "bundle.json").write_bytes(forged)
    old, new = (hashlib.sha256(text).hexdigest() for text in (before, forged))
    sums = directory / "SHA256SUMS"
    sums.write_text(sums.read_text().replace(old, new))

    assert carried.streams.run("import-bundle", "release", "far").exit_code == 0
    [tag] = carried.there["spec"]["tags"]
    assert "image-promoter/requested-by" in tag["annotations"]
    assert "image-promoter/approved-by" not in tag["annotations"]
