"""`promoter constraints annotate`: what is inconsistent, on the tags of components and of the release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from promoter.errors import NotFound
from promoter.model.constraints import CheckResult, ComponentCheck, FailedComponent
from promoter.model.failure import Failure
from promoter.model.inconsistency import ANNOTATION, LARGEST, MESSAGES
from tests.constraints.conftest import PRODUCT, dockerfile, write_files
from tests.support.cluster import Cluster, edit, view
from tests.support.cluster.answers import CONFIG_MAPS, Document
from tests.support.promoter import Outcome, Promoter, Running
from tests.support.tls import CertificateAuthority

TOKEN = "token-of-the-annotator"
STREAM = "4.5-art-latest"
COMPONENTS = ("machine-os-content", "tests", "web")
RELEASE = "release/release:4.5.0"


class Product:
    """The image stream `art/4.5-art-latest` with a tag for each component, and the release `release/release:4.5.0`."""

    def __init__(self, promoter: Promoter, cluster: Cluster) -> None:
        self.promoter = promoter
        self.cluster = cluster
        for number, component in enumerate(COMPONENTS):
            cluster.push("ocp", STREAM, component, f"sha256:{number:064d}")
        cluster.push("ocp-release", "release", "4.5.0", f"sha256:{'f' * 64}")
        (promoter.directory / "token").write_text(TOKEN)
        api = {"api": cluster.url, "ca": str(cluster.ca), "credentials": "file:token"}
        self.environments = {
            name: {"registry": "registry.example.com", "project": project, "cluster": api}
            for name, project in (("art", "ocp"), ("release", "ocp-release"))
        }

    def start(self, *flags: str, json_output: bool = True, stream: str = f"art/{STREAM}") -> Running:
        """Start annotating; to be used in a `with`."""
        (self.promoter.directory / "promotion.yaml").write_text(json.dumps({"environments": self.environments}))
        return self.promoter.start("constraints", "annotate", stream, *flags, json=json_output)

    def annotate(self, *flags: str, json_output: bool = True, stream: str = f"art/{STREAM}") -> Outcome:
        """Annotate."""
        with self.start(*flags, json_output=json_output, stream=stream) as running:
            return running.outcome()

    def spec(self, component: str) -> Document:
        """Return what a component's tag follows, with its annotations."""
        tags = self.cluster.image_stream("ocp", STREAM)["spec"].get("tags", [])
        return next((tag for tag in tags if tag["name"] == component), {})

    def noted(self, component: str) -> str | None:
        """Return a component's annotation."""
        return (self.spec(component).get("annotations") or {}).get(ANNOTATION)

    @property
    def of_release(self) -> str | None:
        """The release's annotation."""
        tags = self.cluster.image_stream("ocp-release", "release")["spec"].get("tags", [])
        return next((tag["annotations"].get(ANNOTATION) for tag in tags), None)

    def digests(self) -> list[str]:
        """Return what the components' tags are."""
        return [tag["items"][0]["image"] for tag in self.cluster.image_stream("ocp", STREAM)["status"]["tags"]]

    def set(self, component: str, **spec: Any) -> None:  # noqa: ANN401 - any part of it
        """Set a component's tag as somebody else does."""
        name = f"{STREAM}:{component}"
        document = {
            "metadata": {"name": name, "annotations": spec.pop("annotations", None)},
            "tag": {"name": component},
        }
        document["tag"] |= spec
        self.cluster.imports.streams.put_tag("ocp", name, document, lambda *_: True)

    def checked(self, *checked: tuple[str, list[str]], failed: tuple[str, ...] = ()) -> str:
        """Write the result of a check of components with these tags and codes, and return its file."""
        file: Path = self.promoter.directory / "check.json"
        result = CheckResult(
            metadata="build-data",
            components=tuple(_check(tag, codes) for tag, codes in checked),
            failed=tuple(FailedComponent(component=name, error=Failure.of(NotFound("no", "none"))) for name in failed),
        )
        file.write_text(json.dumps(result.to_dict()))
        return file.name

    def writes(self) -> list[str]:
        """Return what the cluster was asked to change."""
        return [f"{one.method} {one.path}" for one in self.cluster.requests if one.method != "GET"]


def _check(tag: str, codes: list[str]) -> ComponentCheck:
    return ComponentCheck(
        component=f"ose-{tag}",
        tag=tag,
        consistent=not codes,
        builds_with=(),
        desired=(),
        found=(),
        codes=tuple(codes),
        messages=(),
        stages=(),
    )


@pytest.fixture
def product(ca: CertificateAuthority, tmp_path: Path) -> Iterator[Product]:
    """The product, with nothing inconsistent."""
    with Cluster(ca) as cluster:
        cluster.add_user("annotator", token=TOKEN, rights=[edit("ocp"), edit("ocp-release")])
        yield Product(Promoter(tmp_path / "promoter"), cluster)


@pytest.mark.statement("C14", "C15")
def test_the_documents_example(product: Product) -> None:
    result = product.annotate("--tag=tests=a1,a12", "--tag=machine-os-content=a2", f"--release={RELEASE}").result
    assert result["status"] == "annotated"
    assert product.noted("tests") == '{"tests":["a1","a12"]}'
    assert product.noted("machine-os-content") == '{"machine-os-content":["a2"]}'
    assert product.noted("web") is None
    assert product.of_release == '{"machine-os-content":["a2"],"tests":["a1","a12"]}'


@pytest.mark.statement("C15")
def test_once_a_component_is_fixed_it_leaves_the_union_and_the_others_stay(product: Product) -> None:
    product.annotate("--tag=tests=a1", "--tag=web=i1,i12", f"--release={RELEASE}")
    result = product.annotate("--tag=tests=", "--tag=web=i12", f"--release={RELEASE}").result
    assert [(tag["tag"], tag["status"], tag["codes"]) for tag in result["tags"]] == [
        ("tests", "annotated", []),
        ("web", "annotated", ["i12"]),
    ]
    assert (product.noted("tests"), product.of_release) == (None, '{"web":["i12"]}')
    product.annotate("--tag=web=", f"--release={RELEASE}")
    assert (product.noted("web"), product.of_release) == (None, None)


def test_nothing_else_of_a_tag_changes(product: Product) -> None:
    product.set(
        "web",
        **{"from": {"kind": "ImageStreamImage", "name": f"{STREAM}@{product.digests()[2]}"}},
        importPolicy={"scheduled": True},
        annotations={"team": "shop"},
    )
    before, digests = product.spec("web"), product.digests()
    product.annotate("--tag=web=i1")
    after = product.spec("web")
    assert after["annotations"] == {"team": "shop", ANNOTATION: '{"web":["i1"]}'}
    assert {**after, "annotations": None} == {**before, "annotations": None}
    product.annotate("--tag=web=")
    assert (product.spec("web"), product.digests()) == (before, digests)


def test_all_tags_are_written_at_once_and_what_is_so_already_not_at_all(product: Product) -> None:
    flags = ("--tag=tests=i1", "--tag=web=i1", f"--release={RELEASE}")
    product.annotate(*flags)
    path = "/apis/image.openshift.io/v1/namespaces"
    assert product.writes() == [f"PUT {path}/ocp/imagestreams/{STREAM}", f"PUT {path}/ocp-release/imagestreams/release"]
    product.cluster.requests.clear()
    assert product.annotate(*flags).result["status"] == "unchanged"
    assert product.writes() == []


@pytest.mark.statement("C14")
def test_a_check_annotates_all_its_components(product: Product) -> None:
    product.annotate("--tag=tests=i1", "--tag=machine-os-content=i3")
    file = product.checked(("web", ["i2"]), ("tests", []), ("elsewhere", ["i1"]), ("web", []), failed=("ose-os",))
    outcome = product.annotate(f"--from-check={file}", f"--release={RELEASE}")
    assert product.of_release == '{"machine-os-content":["i3"],"web":["i2"]}'
    assert outcome.exit_code == 0
    assert "not checked, so what is noted about them stays: ose-os" in outcome.stderr
    assert "no part of the image stream, so noted nowhere: elsewhere" in outcome.stderr


def test_what_a_check_has_found_is_annotated(product: Product, tmp_path: Path) -> None:
    """A job checks in one step, which fails, and annotates in the next one."""
    of_web = PRODUCT["images/web.yml"]
    of_tests = of_web.replace("payload_name: web", "payload_name: tests")
    metadata = write_files(tmp_path / "metadata", PRODUCT | {"images/tests.yml": of_tests})
    write_files(tmp_path / "sources/web", {"Dockerfile.ocp": dockerfile("docker.io/library/golang")})
    write_files(tmp_path / "sources/tests", {"Dockerfile.ocp": dockerfile()})
    flags = ("--sources", tmp_path / "sources", "--result", "check.json")
    assert product.promoter.run("constraints", "check", metadata, *flags).exit_code == 3
    product.annotate("--tag=tests=i1")
    outcome = product.annotate("--from-check=check.json", f"--release={RELEASE}")
    assert [(tag["tag"], tag["codes"]) for tag in outcome.result["tags"]] == [("tests", []), ("web", ["i1", "i2"])]
    assert (product.noted("tests"), product.of_release) == (None, '{"web":["i1","i2"]}')


def test_a_flag_wins_over_the_check(product: Product) -> None:
    product.annotate(f"--from-check={product.checked(('web', ['i1']), ('tests', ['i1']))}", "--tag=web=")
    assert (product.noted("web"), product.noted("tests")) == (None, '{"tests":["i1"]}')


@pytest.mark.statement("C17")
def test_messages_of_deployed_tooling_are_part_of_the_union(product: Product) -> None:
    product.set("web", annotations={ANNOTATION: '["uses another golang"]'})
    product.annotate("--tag=tests=i1", f"--release={RELEASE}")
    assert product.of_release == '{"tests":["i1"],"web":["uses another golang"]}'
    assert product.noted("web") == '["uses another golang"]'


@pytest.mark.statement("C16", "C17")
def test_people_read_messages(product: Product) -> None:
    data = {"i1": "golang differs"}
    product.cluster.add(CONFIG_MAPS, "ocp", {"metadata": {"name": "inconsistencies"}, "data": data})
    product.cluster.add(CONFIG_MAPS, "ocp", {"metadata": {"name": "ours"}, "data": {"x9": "no source"}})
    lines = product.annotate("--tag=web=i1,i12,x9", json_output=False).stdout.splitlines()
    meant = [f"  inconsistent web: {one}" for one in ("i1 (golang differs)", f"i12 ({MESSAGES['i12']})", "x9")]
    assert lines == [f"annotated: art/{STREAM}", "  annotated:  web  i1, i12, x9", *meant]
    product.annotate("--tag=tests=i1", "--tag=web=")
    described = product.promoter.run("describe", f"art/{STREAM}", json=False).stdout
    assert described.endswith("\n  inconsistent tests: i1 (golang differs)\n")
    tag = product.promoter.run("describe", f"art/{STREAM}:tests").result["stream"]
    assert tag["inconsistencies"] == [{"component": "tests", "code": "i1", "message": "golang differs"}]
    ours = product.annotate("--tag=web=x9", "--messages=ours").result["inconsistencies"]
    assert [one["message"] for one in ours] == [MESSAGES["i1"], "no source"]


def test_a_dry_run_changes_nothing(product: Product) -> None:
    result = product.annotate("--tag=web=i1", f"--release={RELEASE}", "--dry-run").result
    assert (result["status"], result["tags"][0]["status"]) == ("planned", "planned")
    assert [one["code"] for one in result["inconsistencies"]] == ["i1"]
    assert product.writes() == []


# Others change the same


def test_what_somebody_else_noted_meanwhile_stays(product: Product) -> None:
    others = {"team": "shop", ANNOTATION: '{"tests":["a1"]}'}
    product.cluster.faults.before_tag(lambda: product.set("tests", annotations=others))
    product.annotate("--tag=web=i1", f"--release={RELEASE}")
    assert product.spec("tests")["annotations"] == others
    assert product.of_release == '{"tests":["a1"],"web":["i1"]}'


@pytest.mark.statement("C15")
def test_of_many_at_once_the_release_has_all(product: Product) -> None:
    with ExitStack() as stack:
        flags = [f"--tag={component}=i1" for component in COMPONENTS]
        runs = [stack.enter_context(product.start(flag, f"--release={RELEASE}")) for flag in flags]
        assert [run.outcome().exit_code for run in runs] == [0] * 3
    assert json.loads(product.of_release or "") == {component: ["i1"] for component in COMPONENTS}


def test_a_cluster_that_is_away_for_a_while_is_waited_for(product: Product) -> None:
    product.cluster.faults.unavailable(2)
    assert product.annotate("--tag=web=i1").result["status"] == "annotated"
    assert product.noted("web") == '{"web":["i1"]}'


# Bad input changes nothing


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "nothing to annotate"),
        (("--tag=web",), "makes no sense"),
        (("--tag==i1",), "makes no sense"),
        (("--tag=web=i1,,i2",), "makes no sense"),
        (("--tag=web=i1 i2",), "makes no sense"),
        (("--from-check=nowhere.json",), "No such file"),
        (("--from-check=token",), "no result of a check"),
        (("--tag=web=i1", "--messages=../secrets/x"), "no ConfigMap's name"),
        (("--tag=web=i1", f"--release=art/{STREAM}:all"), "a tag of art/4.5-art-latest itself"),
        (("--tag=web=i1", "--release=release/release"), "no tag of an image stream"),
        ((f"--tag=web={'x' * LARGEST}",), "an annotation may have"),
        (("--tag=web=i1", f"--tag=tests={'x' * (LARGEST - 20)}", f"--release={RELEASE}"), "an annotation may have"),
    ],
)
def test_what_cannot_be_annotated(product: Product, flags: tuple[str, ...], said: str) -> None:
    error = product.annotate(*flags).error
    assert (error["exit_code"], said in error["message"]) == (2, True), error
    assert product.writes() == []


@pytest.mark.parametrize(
    "content", ['{"error": {}}', "[]", '{"components": [{"tag": "web", "codes": "i1"}], "failed": []}']
)
def test_a_file_that_is_no_check(product: Product, content: str) -> None:
    (product.promoter.directory / "check.json").write_text(content)
    error = product.annotate("--from-check=check.json").error
    assert (error["exit_code"], "check.json cannot be read" in error["message"]) == (2, True)


@pytest.mark.parametrize("stream", ["art", f"art/{STREAM}:web", "registry.example.com/ocp/x", "nowhere/x"])
def test_what_is_no_image_stream(product: Product, stream: str) -> None:
    assert product.annotate("--tag=web=i1", stream=stream).error["exit_code"] == 2


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--tag=web=i1", "--tag=api=i1"), f"ocp/{STREAM} has no tag for api."),
        (("--tag=web=i1", "--release=release/release:4.6.0"), "There is no tag release/release:4.6.0."),
        (("--tag=web=i1", "--release=release/other:4.5.0"), "There is no tag release/other:4.5.0."),
    ],
)
def test_what_is_not_there(product: Product, flags: tuple[str, ...], said: str) -> None:
    error = product.annotate(*flags).error
    assert (error["exit_code"], error["message"]) == (4, said if "ocp" not in said else f"The image stream {said}")
    assert product.writes() == []


def test_who_may_not_change_tags(product: Product) -> None:
    product.cluster.add_user("viewer", token=TOKEN, rights=[view("ocp")])
    error = product.annotate("--tag=web=i1").error
    assert error["exit_code"] == 5
    assert "`oc policy add-role-to-user registry-editor viewer --namespace ocp`" in error["remedy"]
