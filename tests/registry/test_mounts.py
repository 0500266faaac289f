"""Mounting a blob, or opening the upload that brings it, in one request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from promoter.credentials.sources import Credential
from promoter.errors import NotPermitted
from promoter.http.client import HttpClient
from promoter.http.deadline import Deadline
from promoter.http.patience import Patience
from promoter.http.trust import Trust
from promoter.model.manifest import Descriptor
from promoter.registry.auth import Authenticator
from promoter.registry.repository import Repository
from promoter.registry.session import RegistrySession
from tests.conftest import PRODUCTION_PASSWORD, PRODUCTION_USER
from tests.support.faults import FaultyProxy
from tests.support.images import Image, make_image
from tests.support.registries import Registry
from tests.support.registry_client import push
from tests.support.tls import CertificateAuthority


@pytest.fixture
def proxy(production: Registry, ca: CertificateAuthority) -> Iterator[FaultyProxy]:
    """What stands in front of the registry."""
    with FaultyProxy(production, ca) as running:
        yield running


@pytest.fixture
def target(proxy: FaultyProxy, repository: str) -> Iterator[Repository]:
    """A repository that is empty."""
    http = HttpClient(Trust(proxy.ca), Deadline(30), Patience(attempts=1), "tests")
    credential = Credential("the test", PRODUCTION_USER, PRODUCTION_PASSWORD)
    with closing(http):
        session = RegistrySession(proxy.host, http, Authenticator(proxy.host, http, credential))
        yield Repository(session, repository, "pull,push")


@pytest.fixture
def image(repository: str) -> Image:
    return make_image(seed=repository)


def layer(image: Image) -> Descriptor:
    return Descriptor("layer", image.blobs[1].digest, image.blobs[1].size)


def bring(target: Repository, image: Image, origin: str) -> bool:
    """Mount a layer or upload it; tell whether it had to be uploaded."""
    upload = target.mount_or_open(layer(image).digest, origin)
    if upload:
        content = image.blobs[1].open().read()
        target.upload(layer(image), lambda: [content], upload)
    assert target.has_blob(layer(image).digest)
    return upload is not None


def test_what_is_nowhere_is_uploaded_with_the_request_that_asked(
    target: Repository, image: Image, production: Registry
) -> None:
    with production.recording() as seen:
        assert bring(target, image, target.name)
    authorised = [f"{one.method} {one.status}" for one in seen.requests if one.status != 401]
    assert authorised == ["POST 202", "PUT 201", "HEAD 200"]


def test_what_is_here_is_seen(target: Repository, image: Image, production: Registry) -> None:
    push(image, production, target.name, "1.0")
    assert not bring(target, image, target.name)


def test_what_is_elsewhere_is_mounted(target: Repository, image: Image, production: Registry) -> None:
    push(image, production, f"{target.name}-base", "1.0")
    assert not bring(target, image, f"{target.name}-base")


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_where_mounts_are_refused_it_is_asked_for_and_uploaded(
    status: int, target: Repository, image: Image, proxy: FaultyProxy, production: Registry
) -> None:
    proxy.when("POST", "mount=").answer(status)
    assert bring(target, image, target.name)
    assert not bring(target, image, target.name)


def test_where_nothing_can_be_pushed_that_is_said(target: Repository, image: Image, proxy: FaultyProxy) -> None:
    proxy.when("POST", "/blobs/uploads/").answer(403)
    with pytest.raises(NotPermitted, match="pushing the blob"):
        bring(target, image, target.name)
