"""`promoter publish` with a BuildConfig: OpenShift builds the commit, and what it pushed gets the version's tag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.publishing.conftest import Application
from tests.streams.conftest import Streams, cluster, far, streams
from tests.support import registry_client
from tests.support.cluster import BuildRun
from tests.support.cluster.integrated_registry import integrate
from tests.support.faults import FaultyProxy
from tests.support.images import Image, make_image
from tests.support.promoter import Outcome
from tests.support.tls import CertificateAuthority

__all__ = ["cluster", "far", "streams"]

COMMIT = "io.openshift.build.commit.id"


class Works:
    """The BuildConfig `web` of stage, whose builds push an image of the commit that they are told to build.

    Args:
        streams: the cluster and its registry.
        application: the repository that it builds.

    """

    def __init__(self, streams: Streams, application: Application) -> None:
        self.streams = streams
        self.application = application
        self.name = streams.repository.rpartition("/")[2]
        self.labels: dict[str, str] | None = None
        self.fails = False
        self.commits: list[str] = []

    def add(self, name: str = "web", **settings: Any) -> None:  # noqa: ANN401 - those of Cluster.add_build_config
        source = {"git": {"uri": f"{self.application.url}.git"}, "contextDir": "web"}
        output = {"kind": "ImageStreamTag", "name": f"{self.name}:latest"}
        given = {"strategy": "Source", "source": source, "output": output, **settings}
        self.streams.cluster.add_build_config("shop-stage", name, runner=self._run, **given)

    def publish(self, *flags: str, url: str | None = None, config: str = "web", to: str = "") -> Outcome:
        arguments = (url or self.application.url, f"stage/{to or self.name}", "--build-config", config)
        return self.streams.run("publish", *arguments, *flags)

    @property
    def digest(self) -> str | None:
        """What the registry's tag 2.0 is."""
        found = registry_client.resolve(self.streams.registry, f"shop-stage/{self.name}", "2.0")
        return found.digest if found else None

    def _run(self, run: BuildRun) -> None:
        spec = self.streams.cluster.build("shop-stage", run.name)["spec"]
        commit = spec["revision"]["git"]["commit"]
        self.commits.append(commit)
        if self.fails:
            raise RuntimeError("tests failed")
        run.log("building")
        image = self._image(commit)
        registry_client.push(image, self.streams.registry, f"shop-stage/{self.name}", "latest")
        self.streams.cluster.push("shop-stage", self.name, "latest", image.digest)
        run.pushed = image.digest

    def _image(self, commit: str) -> Image:
        labels = {COMMIT: commit} if self.labels is None else self.labels
        return make_image(seed=f"{self.name} {commit}", labels=labels)


@pytest.fixture
def works(streams: Streams, tmp_path: Path, ca: CertificateAuthority) -> Iterator[Works]:
    """The BuildConfig, in a cluster with a registry of its own."""
    made = Works(streams, Application(tmp_path / "application"))
    made.application.change({"web/VERSION": "2.0\n"})
    with FaultyProxy(streams.registry, ca) as proxy:
        integrate(proxy, streams.cluster)
        streams.environments["stage"]["registry"] = proxy.host
        made.add()
        yield made


@pytest.mark.statement("W1")
def test_openshift_builds_the_commit_and_the_version_is_what_it_pushed(works: Works) -> None:
    outcome = works.publish()
    result = outcome.result
    assert works.commits == [works.application.commit]
    assert (result["status"], result["version"], result["revision"]) == ("published", "2.0", works.application.commit)
    assert (result["built_by"], result["digest"]) == ("BuildConfig shop-stage/web", works.digest)
    assert (result["image"], result["stream_tag"]) == (f"stage/{works.name}@{works.digest}", f"stage/{works.name}:2.0")
    assert works.streams.digests("shop-stage", works.name, "2.0") == [works.digest]
    assert "| building" in outcome.stderr


@pytest.mark.statement("W1")
def test_the_same_commit_again_starts_no_build(works: Works) -> None:
    first = works.publish("--builder", "openshift").result
    again = works.publish().result
    assert (again["status"], again["digest"]) == ("unchanged", first["digest"])
    assert len(works.commits) == 1


def test_an_older_commit_is_built_by_its_ref(works: Works) -> None:
    older = works.application.commit
    works.application.change({"hello": "later\n"})
    assert works.publish("--ref", older).result["revision"] == older
    assert works.commits == [older]


def test_a_dry_run_starts_no_build(works: Works) -> None:
    assert works.publish("--dry-run").result["status"] == "planned"
    assert works.commits == []


def test_a_build_that_fails_tags_nothing(works: Works) -> None:
    works.fails = True
    error = works.publish().error
    assert error["exit_code"] == 9
    assert "The build shop-stage/web-1 ended as Failed: tests failed. Nothing was tagged." in error["message"]
    assert works.digest is None


@pytest.mark.parametrize(("labels", "said"), [({}, "no commit"), ({COMMIT: "f" * 40}, "f" * 40)])
def test_a_build_of_something_else_is_not_tagged(works: Works, labels: dict[str, str], said: str) -> None:
    works.labels = labels
    error = works.publish().error
    assert (error["exit_code"], f"was built from {said}, not {works.application.commit}" in error["message"]) == (
        7,
        True,
    )
    assert works.digest is None


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        ({"config": "none"}, 4, "There is no BuildConfig none in project shop-stage."),
        ({"config": "other"}, 2, "The BuildConfig shop-stage/other builds another repository, or none."),
        ({"config": "quiet"}, 2, "push no image"),
        ({"to": "elsewhere"}, 2, "not to"),
        ({"url": "."}, 2, "builds another repository"),
    ],
)
def test_what_does_not_fit_the_build_config_is_named(
    works: Works, arguments: dict[str, str], exit_code: int, message: str
) -> None:
    works.add("other", source={"git": {"uri": "https://git.example.com/other"}})
    works.add("quiet", output=None)
    error = works.publish(**arguments).error
    assert (error["exit_code"], message in error["message"]) == (exit_code, True), error
    assert works.commits == []


@pytest.mark.parametrize("flag", ["--context=web", "--file=x", "--build-arg=A=b", "--label=a=b"])
def test_what_the_build_config_decides_is_not_asked_for(works: Works, flag: str) -> None:
    error = works.publish(flag).error
    assert (error["exit_code"], flag.partition("=")[0] in error["message"]) == (2, True)
    assert works.commits == []


def test_an_environment_without_a_cluster_is_named(works: Works) -> None:
    del works.streams.environments["stage"]["cluster"]
    assert "The environment stage names no cluster" in works.publish().error["message"]
