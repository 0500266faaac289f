"""What a client relies on from image streams, their tags and imports, and the client itself on top of it.

The tests run against the stub; with OPENSHIFT_API (URL), OPENSHIFT_TOKEN, OPENSHIFT_CA (PEM file), OPENSHIFT_PROJECT
and REGISTRY set, against that server. There the token's user needs the role `edit` in the project, the image import
controller has to run, and REGISTRY is a registry that the server reaches and that anybody may push to: host:port, or
http://host:port without TLS. Every object made in the project is deleted again; images stay in the registry.
"""

from __future__ import annotations

import os
import secrets
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from promoter.credentials.sources import Credential
from promoter.errors import NotFound, Unreachable, WrongUsage
from promoter.http.client import HttpClient
from promoter.http.deadline import Deadline
from promoter.http.patience import Patience
from promoter.http.trust import Trust
from promoter.openshift.api import ClusterApi, Conflict
from promoter.openshift.image_imports import ImageImports, ImportPolicy
from promoter.openshift.image_streams import ImageStreams
from tests.openshift.client import MERGE_PATCH, Client, Document, Response
from tests.support import registry_client
from tests.support.cluster import Cluster, edit
from tests.support.images import Image, make_image, make_index
from tests.support.registries import Registry
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

API = "/apis/image.openshift.io/v1"
MISSING = f"sha256:{'0' * 64}"
ANY_CERTIFICATE = ImportPolicy(insecure=True)


@dataclass(frozen=True)
class RemoteRegistry:
    """A registry that is not the rig's: `url` is host:port, or http://host:port."""

    url: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc if "://" in self.url else self.url

    def authorization(self, *repositories: str) -> str | None:
        return None

    def connect(self) -> closing[HTTPConnection]:
        if self.url.startswith("http://"):
            return closing(HTTPConnection(self.host, timeout=60))
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return closing(HTTPSConnection(self.host, context=context, timeout=60))


@dataclass(frozen=True)
class Site:
    """A project, and a registry that it can import from. Streams get names of their own, and are deleted."""

    client: Client
    registry: Registry | RemoteRegistry
    repository: str = field(default_factory=lambda: f"contract/app-{secrets.token_hex(4)}")
    made: list[str] = field(default_factory=list)

    def name(self) -> str:
        self.made.append(f"contract-{secrets.token_hex(4)}")
        return self.made[-1]

    def push(self, image: Image, tag: str = "1") -> str:
        registry_client.push(image, self.registry, self.repository, tag)
        return self.reference(tag)

    def reference(self, tag: str) -> str:
        return f"{self.registry.host}/{self.repository}:{tag}"

    def call(self, method: str, *path: str, body: Document | None = None, query: str = "") -> Response:
        content_type = MERGE_PATCH if method == "PATCH" else "application/json"
        where = "/".join([API, "namespaces", self.client.project, *path])
        return self.client.call(method, where + query, body, content_type)

    def stream(self, name: str) -> Document:
        return self.call("GET", "imagestreams", name).document

    def put(self, name: str, tag: str, reference: str, **metadata: Any) -> Response:  # noqa: ANN401 - any field
        return self.set(name, tag, {"kind": "DockerImage", "name": reference}, **metadata)

    def set(self, name: str, tag: str, origin: Document, **metadata: Any) -> Response:  # noqa: ANN401 - any field
        body = _tag(name, tag, origin) | {"metadata": {"name": f"{name}:{tag}", **metadata}}
        return self.call("PUT", "imagestreamtags", f"{name}:{tag}", body=body)

    def imported(self, name: str, tag: str) -> Document:
        """Wait until an import is over, and return the tag."""

        def over() -> bool:
            got = self.call("GET", "imagestreamtags", f"{name}:{tag}")
            return got.code == 200 and got.document["tag"]["generation"] == got.document["generation"]

        wait_until(over, f"the import of {name}:{tag}")
        return self.call("GET", "imagestreamtags", f"{name}:{tag}").document

    def failure(self, name: str, tag: str) -> Document:
        """Wait until an import has failed, and return the condition."""

        def conditions() -> list[Document]:
            statuses = self.stream(name)["status"].get("tags", [])
            return [one for status in statuses if status["tag"] == tag for one in status.get("conditions", [])]

        wait_until(lambda: bool(conditions()), f"the import of {name}:{tag} to fail")
        return conditions()[0]

    def do_import(self, name: str, *images: Document, store: bool = True, **metadata: Any) -> Response:  # noqa: ANN401
        body = {
            "kind": "ImageStreamImport",
            "apiVersion": "image.openshift.io/v1",
            "metadata": {"name": name, **metadata},
            "spec": {"import": store, "images": list(images)},
        }
        return self.call("POST", "imagestreamimports", body=body)

    def clean(self) -> None:
        codes = {name: self.call("DELETE", "imagestreams", name).code for name in self.made}
        assert set(codes.values()) <= {200, 404}, codes


def _tag(name: str, tag: str, origin: Document) -> Document:
    policy = {"insecure": True, "importMode": "PreserveOriginal"}
    return {
        "kind": "ImageStreamTag",
        "apiVersion": "image.openshift.io/v1",
        "metadata": {"name": f"{name}:{tag}"},
        "tag": {"name": tag, "from": origin, "importPolicy": policy},
    }


def wanted(reference: str, tag: str, mode: str = "PreserveOriginal", *, insecure: bool = True) -> Document:
    policy: Document = {"importMode": mode} | ({"insecure": True} if insecure else {})
    return {"from": {"kind": "DockerImage", "name": reference}, "to": {"name": tag}, "importPolicy": policy}


def image(seed: int = 0) -> Image:
    return make_image(seed=f"contract {seed}")


@pytest.fixture
def site(ca: CertificateAuthority, production: Registry) -> Iterator[Site]:
    if "OPENSHIFT_API" in os.environ:
        token, project = os.environ["OPENSHIFT_TOKEN"], os.environ["OPENSHIFT_PROJECT"]
        client = Client(os.environ["OPENSHIFT_API"], Path(os.environ["OPENSHIFT_CA"]), project, token)
        made = Site(client, RemoteRegistry(os.environ["REGISTRY"]))
        yield made
        made.clean()
        return
    with Cluster(ca) as cluster:
        cluster.add_project("shop-prod")
        cluster.add_registry(production)
        cluster.add_user("developer", token="dev-token", rights=[edit("shop-prod")])
        made = Site(Client(cluster.url, cluster.ca, "shop-prod", "dev-token"), production)
        yield made
        made.clean()


# Sections 3 and 11: ImageStream


def test_stream_is_created_read_labelled_and_deleted(site: Site) -> None:
    name = site.name()
    body = {
        "apiVersion": "image.openshift.io/v1",
        "kind": "ImageStream",
        "metadata": {"name": name, "labels": {"contract": name}},
    }
    assert site.call("POST", "imagestreams", body=body).code == 201
    again = site.call("POST", "imagestreams", body=body)
    assert (again.code, again.document["reason"]) == (409, "AlreadyExists")
    listed = site.call("GET", "imagestreams", query=f"?labelSelector=contract%3D{name}").document
    assert [one["metadata"]["name"] for one in listed["items"]] == [name]
    patched = site.call("PATCH", "imagestreams", name, body={"metadata": {"labels": {"more": "yes"}}})
    assert patched.document["metadata"]["labels"] == {"contract": name, "more": "yes"}
    assert site.call("DELETE", "imagestreams", name).code == 200
    gone = site.call("GET", "imagestreams", name)
    assert (gone.code, gone.document["message"]) == (404, f'imagestreams.image.openshift.io "{name}" not found')


# Sections 4 and 15: ImageStreamTag


def test_put_makes_stream_and_tag_and_the_image_comes_later(site: Site) -> None:
    name, made = site.name(), image()
    answer = site.put(name, "1", site.push(made))
    assert answer.code == 201
    assert (answer.document["generation"], answer.document["tag"]["generation"]) == (0, 1)
    tag = site.imported(name, "1")
    assert tag["image"]["metadata"]["name"] == made.digest
    assert tag["generation"] > answer.document["tag"]["generation"]


def test_put_again_moves_the_tag_and_the_history_is_newest_first(site: Site) -> None:
    name = site.name()
    site.put(name, "1", site.push(image(1), "1"))
    site.imported(name, "1")
    answer = site.put(name, "1", site.push(image(2), "2"))
    assert answer.code == 200
    assert answer.document["tag"]["generation"] > answer.document["generation"]
    site.imported(name, "1")
    [status] = site.stream(name)["status"]["tags"]
    assert [item["image"] for item in status["items"]] == [image(2).digest, image(1).digest]


def test_an_identical_put_changes_nothing_but_generation_0_does(site: Site) -> None:
    name, reference = site.name(), site.push(image())
    site.put(name, "1", reference)
    site.imported(name, "1")
    before = site.stream(name)
    assert site.put(name, "1", reference).code == 200
    assert site.stream(name) == before
    body = _tag(name, "1", {"kind": "DockerImage", "name": reference})
    body["tag"]["generation"] = 0
    answer = site.call("PUT", "imagestreamtags", f"{name}:1", body=body)
    assert answer.document["tag"]["generation"] > answer.document["generation"]
    assert site.imported(name, "1")["image"]["metadata"]["name"] == image().digest


def test_put_with_a_stale_version_is_a_conflict(site: Site) -> None:
    name, reference = site.name(), site.push(image())
    site.put(name, "1", reference)
    site.imported(name, "1")
    answer = site.put(name, "1", reference, resourceVersion="1")
    assert (answer.code, answer.document["reason"]) == (409, "Conflict")
    assert "another caller has updated the resource version to" in answer.document["message"]
    version = site.stream(name)["metadata"]["resourceVersion"]
    assert site.put(name, "1", reference, resourceVersion=version).code == 200


def test_post_makes_a_tag_once(site: Site) -> None:
    name = site.name()
    body = _tag(name, "1", {"kind": "DockerImage", "name": site.push(image())})
    body["tag"]["annotations"] = {"who": "me"}
    assert site.call("POST", "imagestreamtags", body=body).code == 201
    assert site.imported(name, "1")["metadata"]["annotations"] == {"who": "me"}
    again = site.call("POST", "imagestreamtags", body=body)
    assert (again.code, again.document["reason"]) == (409, "AlreadyExists")


def test_annotations_are_replaced(site: Site) -> None:
    name, reference = site.name(), site.push(image())
    site.put(name, "1", reference, annotations={"a": "1"})
    site.imported(name, "1")
    site.put(name, "1", reference, annotations={"b": "2"})
    [spec] = site.stream(name)["spec"]["tags"]
    assert spec["annotations"] == {"b": "2"}


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"metadata": {"name": "other:1"}}, 400, "does not match the name on the URL"),
        ({"tag": None}, 400, "is not a spec tag in imagestream"),
        ({"labels": True}, 422, "may not update fields other than metadata.annotations"),
        ({"bad": True}, 422, "invalid reference format"),
    ],
)
def test_put_that_cannot_be(site: Site, change: dict[str, Any], code: int, message: str) -> None:
    name = site.name()
    site.put(name, "1", site.push(image()))
    body = _tag(name, "1", {"kind": "DockerImage", "name": "127.0.0.1/Bad//Ref:::x"} if "bad" in change else {})
    if "labels" in change:
        body["metadata"]["labels"] = {"l": "m"}
    tag = "2" if "tag" in change else "1"
    body["metadata"]["name"] = f"{name}:{tag}"
    body |= {key: value for key, value in change.items() if key in ("metadata", "tag")}
    answer = site.call("PUT", "imagestreamtags", f"{name}:{tag}", body=body)
    assert (answer.code, message in answer.document["message"]) == (code, True), answer.text


def test_an_image_of_the_same_cluster_is_there_at_once(site: Site) -> None:
    name, made = site.name(), image()
    site.put(name, "1", site.push(made))
    site.imported(name, "1")
    origin = {"kind": "ImageStreamImage", "namespace": site.client.project, "name": f"{name}@{made.digest}"}
    answer = site.set(name, "qa-ready", origin)
    assert answer.code == 201
    assert answer.document["image"]["metadata"]["name"] == made.digest
    assert answer.document["tag"]["generation"] == answer.document["generation"]
    other = site.name()
    assert site.set(other, "1", origin).document["image"]["metadata"]["name"] == made.digest


def test_an_image_that_the_stream_never_had_is_refused(site: Site) -> None:
    name = site.name()
    site.put(name, "1", site.push(image()))
    site.imported(name, "1")
    answer = site.set(name, "2", {"kind": "ImageStreamImage", "name": f"{name}@{MISSING}"})
    assert answer.code == 422
    assert "error generating tag event" in answer.document["message"]


def test_a_failed_import_leaves_the_image_and_a_condition(site: Site) -> None:
    name = site.name()
    site.put(name, "1", site.push(image()))
    site.imported(name, "1")
    put = site.put(name, "1", site.reference("none")).document
    condition = site.failure(name, "1")
    assert (condition["type"], condition["status"], condition["reason"]) == ("ImportSuccess", "False", "NotFound")
    assert condition["generation"] > put["tag"]["generation"]
    tag = site.call("GET", "imagestreamtags", f"{name}:1").document
    assert tag["image"]["metadata"]["name"] == image().digest
    assert tag["tag"]["generation"] > tag["generation"]


def test_a_tag_that_never_was_imported_is_not_there(site: Site) -> None:
    name = site.name()
    site.put(name, "1", site.reference("none"))
    assert site.failure(name, "1")["message"] == f'dockerimage.image.openshift.io "{site.reference("none")}" not found'
    assert site.call("GET", "imagestreamtags", f"{name}:1").code == 404
    listed = site.call("GET", "imagestreamtags").document["items"]
    assert [one for one in listed if one["metadata"]["name"] == f"{name}:1"] == []


def test_a_tag_is_deleted_with_its_history(site: Site) -> None:
    name = site.name()
    site.put(name, "1", site.push(image()))
    site.imported(name, "1")
    assert site.call("DELETE", "imagestreamtags", f"{name}:1").code == 200
    assert site.call("DELETE", "imagestreamtags", f"{name}:1").code == 404
    assert site.stream(name)["status"].get("tags", []) == []


def test_tags_cannot_be_watched(site: Site) -> None:
    assert site.call("GET", "imagestreamtags", query="?watch=1&timeoutSeconds=1").code == 405


# Section 5: ImageStreamImport


def test_import_makes_stream_and_tag_at_once(site: Site) -> None:
    name, made = site.name(), image()
    answer = site.do_import(name, wanted(site.push(made, "7"), "1"))
    assert answer.code == 201
    [outcome] = answer.document["status"]["images"]
    assert (outcome["tag"], outcome["status"]["status"]) == ("7", "Success")
    assert outcome["image"]["metadata"]["name"] == made.digest
    assert site.imported(name, "1")["image"]["metadata"]["name"] == made.digest


def test_the_same_import_again_changes_nothing(site: Site) -> None:
    name, reference = site.name(), site.push(image())
    site.do_import(name, wanted(reference, "1"))
    before = site.stream(name)
    assert site.do_import(name, wanted(reference, "1")).code == 201
    assert site.stream(name) == before


def test_each_image_has_its_own_status(site: Site) -> None:
    name = site.name()
    answer = site.do_import(name, wanted(site.push(image()), "good"), wanted(site.reference("none"), "bad"))
    assert answer.code == 201
    good, bad = (outcome["status"] for outcome in answer.document["status"]["images"])
    assert good["status"] == "Success"
    assert (bad["status"], bad["reason"], bad["code"]) == ("Failure", "NotFound", 404)


def test_a_registry_that_is_not_there_is_an_internal_error(site: Site) -> None:
    answer = site.do_import(site.name(), wanted("127.0.0.1:9/x/y:1", "1", insecure=False))
    [outcome] = answer.document["status"]["images"]
    assert (answer.code, outcome["status"]["reason"], outcome["status"]["code"]) == (201, "InternalError", 500)
    assert "connection refused" in outcome["status"]["message"]


def test_looking_makes_nothing(site: Site) -> None:
    name = site.name()
    answer = site.do_import(name, wanted(site.push(image()), "1"), store=False)
    assert answer.document["status"]["images"][0]["image"]["metadata"]["name"] == image().digest
    assert site.call("GET", "imagestreams", name).code == 404


def test_a_list_is_kept_only_if_asked(site: Site) -> None:
    name, amd, arm = site.name(), image(), make_image(platform="linux/arm64/v8", seed="contract arm")
    index = make_index([amd, arm])
    reference = site.push(index)
    answer = site.do_import(name, wanted(reference, "all"), wanted(reference, "one", "Legacy"))
    kept, cut = (outcome["image"] for outcome in answer.document["status"]["images"])
    assert (kept["metadata"]["name"], cut["metadata"]["name"]) == (index.digest, amd.digest)
    children = {(one["digest"], one["os"], one["architecture"]) for one in kept["dockerImageManifests"]}
    assert children == {(amd.digest, "linux", "amd64"), (arm.digest, "linux", "arm64")}


def test_an_import_with_a_stale_version_is_a_conflict(site: Site) -> None:
    name, reference = site.name(), site.push(image())
    site.do_import(name, wanted(reference, "1"))
    assert site.do_import(name, wanted(reference, "2"), resourceVersion="1").code == 409
    version = site.stream(name)["metadata"]["resourceVersion"]
    assert site.do_import(name, wanted(reference, "2"), resourceVersion=version).code == 201


def test_an_import_of_nothing_is_refused(site: Site) -> None:
    answer = site.do_import(site.name())
    assert (answer.code, answer.document["details"]["causes"][0]["field"]) == (422, "spec.images")


# The client


@dataclass(frozen=True)
class Clients:
    streams: ImageStreams
    imports: ImageImports
    deadline: Deadline


@pytest.fixture
def clients(site: Site) -> Iterator[Clients]:
    deadline = Deadline(30)
    http = HttpClient(Trust(site.client.ca), deadline, Patience(attempts=3, first_wait=0.01), "tests")
    api = ClusterApi(site.client.url, http, Credential("env:TOKEN", "", site.client.token or ""))
    yield Clients(ImageStreams(api, site.client.project), ImageImports(api, site.client.project), deadline)
    http.close()


def _spec(reference: str) -> Document:
    return {"from": {"kind": "DockerImage", "name": reference}, **ANY_CERTIFICATE.fields()}


def test_client_sets_a_tag_and_waits_for_its_image(site: Site, clients: Clients) -> None:
    name, made = site.name(), image()
    assert clients.streams.find(name) is None
    clients.streams.set_tag(None, f"{name}:1", _spec(site.push(made)) | {"annotations": {"who": "me"}})
    settled = clients.streams.settled(name, "1", clients.deadline)
    assert (settled.digest, settled.origin, settled.stays) == (made.digest, site.reference("1"), False)
    assert settled.annotations == {"who": "me"}
    stream = clients.streams.get(name)
    by_digest = f"{site.registry.host}/{site.repository}@{made.digest}"
    clients.streams.set_tag(stream, f"{name}:1", _spec(by_digest))
    settled = clients.streams.settled(name, "1", clients.deadline)
    assert (settled.digest, settled.stays, settled.annotations) == (made.digest, True, {})


def test_client_never_overwrites_what_it_has_not_seen(site: Site, clients: Clients) -> None:
    name, reference = site.name(), site.push(image())
    clients.streams.set_tag(None, f"{name}:1", _spec(reference))
    with pytest.raises(Conflict):
        clients.streams.set_tag(None, f"{name}:1", _spec(site.push(image(2), "2")))
    clients.streams.settled(name, "1", clients.deadline)
    stream = clients.streams.get(name)
    clients.streams.label(name, {"contract": name})
    with pytest.raises(Conflict):
        clients.streams.set_tag(stream, f"{name}:1", _spec(site.reference("2")))
    assert [found.name for found in clients.streams.matching(f"contract={name}")] == [name]


def test_client_tells_why_an_import_failed(site: Site, clients: Clients) -> None:
    name = site.name()
    clients.streams.set_tag(None, f"{name}:1", _spec(site.reference("none")))
    with pytest.raises(NotFound, match="not found"):
        clients.streams.settled(name, "1", clients.deadline)
    assert clients.streams.get(name).tag("1").digest is None


def test_client_refuses_what_the_server_refuses(site: Site, clients: Clients) -> None:
    with pytest.raises(WrongUsage, match="invalid reference format"):
        clients.streams.set_tag(None, f"{site.name()}:1", _spec("127.0.0.1/Bad//Ref:::x"))


def test_client_looks_up_and_imports(site: Site, clients: Clients) -> None:
    name, amd, arm = site.name(), image(), make_image(platform="linux/arm64/v8", seed="contract arm")
    index = make_index([amd, arm])
    reference = site.push(index)
    found = clients.imports.look_up(name, reference, ANY_CERTIFICATE)
    assert (found.digest, found.platforms) == (index.digest, ("linux/amd64", "linux/arm64/v8"))
    assert clients.streams.find(name) is None
    assert clients.imports.run(name, "1", reference, ANY_CERTIFICATE, version=None) == found
    assert clients.streams.get(name).tag("1").digest == index.digest
    with pytest.raises(Conflict):
        clients.imports.run(name, "2", reference, ANY_CERTIFICATE, version="1")
    with pytest.raises(NotFound):
        clients.imports.look_up(name, site.reference("none"), ANY_CERTIFICATE)
    with pytest.raises(Unreachable, match="connection refused"):
        clients.imports.look_up(name, "127.0.0.1:9/x/y:1", ImportPolicy())


def test_no_token_may_nothing(site: Site) -> None:
    stranger = replace(site.client, token=None)
    path = f"{API}/namespaces/{site.client.project}/imagestreams"
    answer = stranger.call("GET", path)
    assert answer.code == 403
    assert 'User "system:anonymous" cannot list resource "imagestreams"' in answer.document["message"]
