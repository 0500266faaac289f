"""The registry rig itself: what other tests take for granted."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import ssl
import subprocess
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import jwt
import pytest

from tests.conftest import PRODUCTION_PASSWORD, PRODUCTION_USER
from tests.support.faults import FaultyProxy
from tests.support.images import (
    Image,
    Media,
    digest_of,
    make_image,
    make_index,
    make_layer,
    make_referrer,
    make_referrers_index,
    referrers_tag,
    sign_cosign_style,
)
from tests.support.registries import Htpasswd, Registry, TokenAuth
from tests.support.registry_client import (
    UnexpectedAnswerError,
    blob_exists,
    delete_manifest,
    push,
    put_manifest,
    request,
    resolve,
    tags,
)
from tests.support.skopeo import Skopeo
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService
from tests.support.waiting import wait_until

SUBJECT = "system:serviceaccount:shop-dev:builder"

IMAGE = make_image()


def make(kind: str, seed: str) -> Image:
    """Return an image of the kind whose blobs no other test has: skopeo mounts what it knows from elsewhere."""
    media: Media = "docker" if kind.startswith("docker") else "oci"
    platforms = ("linux/amd64", "linux/arm64/v8")
    images = [make_image(media=media, platform=one, seed=f"{seed} {one}") for one in platforms]
    return make_index(images, media=media) if kind.endswith("index") else images[0]


def all_blobs(image: Image) -> set[str]:
    return {blob.digest for part in (image, *image.children) for blob in part.blobs}


def url(registry: Registry | FaultyProxy, path: str) -> str:
    return f"https://{registry.host}{path}"


def fetch(
    ca: CertificateAuthority, address: str, *, authorization: str = "", method: str = "GET", body: bytes | None = None
) -> tuple[int, bytes]:
    """Return the status and body of an answer, whatever its status."""
    headers = {"Authorization": authorization} if authorization else {}
    context = ssl.create_default_context(cafile=ca.certificate)
    try:
        with urlopen(UrlRequest(address, body, headers, method=method), context=context, timeout=30) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def access_of(answer: bytes) -> dict[str, list[str]]:
    claims = jwt.decode(json.loads(answer)["token"], options={"verify_signature": False})
    return {entry["name"]: entry["actions"] for entry in claims["access"]}


def ask(ca: CertificateAuthority, service: TokenService, password: str, *scopes: str) -> tuple[int, bytes]:
    query = urlencode([("service", service.service), ("account", "openshift"), *(("scope", s) for s in scopes)])
    return fetch(ca, f"{service.realm}?{query}", authorization=basic("openshift", password))


@pytest.fixture
def skopeo(
    tmp_path: Path, ca: CertificateAuthority, non_production: Registry, production: Registry, puller: str
) -> Skopeo:
    skopeo = Skopeo(tmp_path / "skopeo", ca.certificate)
    skopeo.login(non_production.host, "openshift", puller)
    skopeo.login(production.host, PRODUCTION_USER, PRODUCTION_PASSWORD)
    return skopeo


@pytest.fixture
def proxy(production: Registry, ca: CertificateAuthority) -> Iterator[FaultyProxy]:
    with FaultyProxy(production, ca) as proxy:
        yield proxy


class TestSkopeo:
    @pytest.mark.parametrize("kind", ["oci", "docker", "oci index", "docker index"])
    def test_copies_between_the_registries_and_the_digest_stays(
        self, kind: str, skopeo: Skopeo, non_production: Registry, production: Registry, repository: str
    ) -> None:
        image = make(kind, repository)
        push(image, non_production, repository, "1.0")

        with production.recording() as seen:
            skopeo.copy(f"{non_production.host}/{repository}:1.0", f"{production.host}/{repository}:1.0")

        copied = resolve(production, repository, "1.0")
        assert copied
        assert (copied.digest, copied.media_type, copied.content) == (image.digest, image.media_type, image.content)
        assert set(seen.uploads) == all_blobs(image)
        assert len(seen.uploads) == len(all_blobs(image))
        assert seen.uploaded_bytes == sum(
            {blob.digest: blob.size for part in (image, *image.children) for blob in part.blobs}.values()
        )
        assert len(seen.manifest_puts) == len(image.children) + 1
        assert seen.mounts == []

    def test_a_second_copy_uploads_nothing(
        self, skopeo: Skopeo, non_production: Registry, production: Registry, repository: str
    ) -> None:
        push(make("oci index", repository), non_production, repository, "1.0")
        places = f"{non_production.host}/{repository}:1.0", f"{production.host}/{repository}:1.0"
        skopeo.copy(*places)

        with production.recording() as seen:
            skopeo.copy(*places)

        assert seen.uploads == []
        assert seen.uploaded_bytes == 0
        assert seen.manifest_puts
        assert seen.heads

    def test_copies_through_a_proxy_that_no_request_gets_round(
        self, skopeo: Skopeo, non_production: Registry, production: Registry, proxy: FaultyProxy, repository: str
    ) -> None:
        image = make_image([3_000_000], seed=repository)
        push(image, non_production, repository, "1.0")
        skopeo.login(proxy.host, PRODUCTION_USER, PRODUCTION_PASSWORD)

        with production.recording() as seen:
            skopeo.copy(f"{non_production.host}/{repository}:1.0", f"{proxy.host}/{repository}:1.0")

        assert len(proxy.requests) == len(seen.requests)
        assert sum(sent.request_bytes for sent in proxy.requests) == seen.uploaded_bytes + len(image.content)
        assert resolve(production, repository, "1.0")

    def test_wrong_credentials_are_refused(
        self, skopeo: Skopeo, non_production: Registry, production: Registry, repository: str
    ) -> None:
        push(IMAGE, non_production, repository, "1.0")
        skopeo.login(production.host, PRODUCTION_USER, "wrong")

        with pytest.raises(subprocess.CalledProcessError) as failed:
            skopeo.copy(f"{non_production.host}/{repository}:1.0", f"{production.host}/{repository}:1.0")

        assert "authentication required" in failed.value.stderr


class TestRegistry:
    def test_keeps_port_and_content_over_a_restart(self, tmp_path: Path, ca: CertificateAuthority) -> None:
        with Registry(tmp_path / "registry", ca) as registry:
            host = registry.host
            push(IMAGE, registry, "shop/app", "1.0")
            registry.restart()
            assert registry.host == host
            assert resolve(registry, "shop/app", "1.0")

    def test_is_gone_when_stopped(self, tmp_path: Path, ca: CertificateAuthority) -> None:
        with Registry(tmp_path / "registry", ca) as registry:
            assert fetch(ca, url(registry, "/v2/"))[0] == 200
        with pytest.raises(OSError, match="refused"):
            fetch(ca, url(registry, "/v2/"))

    def test_does_not_outlive_the_thread_that_started_it(self, tmp_path: Path, ca: CertificateAuthority) -> None:
        registry = Registry(tmp_path / "registry", ca)
        with ThreadPoolExecutor(1) as short_lived:
            short_lived.submit(registry.start).result()
        wait_until(lambda: not _answers(ca, registry), "the registry to end")
        registry.stop()

    def test_read_only_serves_but_takes_nothing(self, tmp_path: Path, ca: CertificateAuthority) -> None:
        with Registry(tmp_path / "registry", ca) as registry:
            push(IMAGE, registry, "shop/app", "1.0")
            registry.read_only = True
            registry.restart()
            assert resolve(registry, "shop/app", "1.0")
            with pytest.raises(UnexpectedAnswerError, match="405"):
                put_manifest(IMAGE, registry, "shop/app", "2.0")

    def test_a_full_disk_fails_an_upload(self, tmp_path: Path, ca: CertificateAuthority) -> None:
        with Registry(tmp_path / "registry", ca, capacity_bytes=500_000) as registry:
            push(IMAGE, registry, "shop/app", "small")
            with pytest.raises(UnexpectedAnswerError, match="no space left on device"):
                push(make_image([900_000]), registry, "shop/app", "large")

    def test_says_why_it_does_not_start(self, tmp_path: Path) -> None:
        registry = Registry(tmp_path / "registry", CertificateAuthority(tmp_path / "ca"))
        for key in (tmp_path / "ca").glob("*.key"):
            key.unlink()
        with pytest.raises(RuntimeError, match="no such file or directory"):
            registry.start()

    def test_htpasswd_knows_its_users_alone(self, production: Registry, ca: CertificateAuthority) -> None:
        answers = [
            fetch(ca, url(production, "/v2/"), authorization=authorization)[0]
            for authorization in (basic(PRODUCTION_USER, PRODUCTION_PASSWORD), basic(PRODUCTION_USER, "wrong"), "")
        ]
        assert answers == [200, 401, 401]

    def test_passwords_are_not_shown(self) -> None:
        assert "secret" not in repr(Htpasswd({"user": "secret"}))

    def test_a_recording_holds_its_block_alone(self, production: Registry, repository: str) -> None:
        push(IMAGE, production, repository, "before")
        with production.recording() as seen:
            assert not blob_exists(production, repository, digest_of(b"not there"))
        push(IMAGE, production, repository, "after")

        assert [(head.path, head.status, head.user_agent) for head in seen.requests] == [
            (f"/v2/{repository}/blobs/{digest_of(b'not there')}", 404, "rig")
        ]
        assert seen.requests[0] in production.requests()

    def test_a_recording_tells_mounts_from_uploads(self, production: Registry, repository: str) -> None:
        push(IMAGE, production, repository)
        present, absent = IMAGE.blobs[0].digest, digest_of(b"not there")
        with production.recording() as seen:
            for digest in (present, absent):
                query = urlencode({"mount": digest, "from": repository})
                request(production, "POST", f"/v2/{repository}-2/blobs/uploads/?{query}")

        assert seen.mounts == [present]
        assert seen.uploads == []
        assert [post.status for post in seen.matching("POST", "/blobs/uploads/")] == [201, 202]


def _answers(ca: CertificateAuthority, registry: Registry) -> bool:
    try:
        return fetch(ca, url(registry, "/v2/"))[0] == 200
    except OSError:
        return False


class TestTokens:
    def test_what_is_asked_for_and_granted_is_allowed(
        self, ca: CertificateAuthority, token_service: TokenService
    ) -> None:
        token = token_service.mint(SUBJECT, {"shop-dev": "pull", "shop": "pull,push"})
        status, answer = ask(
            ca,
            token_service,
            token,
            "repository:shop-dev/app:pull,push repository:shop/app:pull",
            "repository:other/app:pull",
            "registry:catalog:*",
        )
        assert status == 200
        assert access_of(answer) == {"shop-dev/app": ["pull"], "shop/app": ["pull"]}

    def test_each_request_is_recorded(self, ca: CertificateAuthority, token_service: TokenService) -> None:
        with token_service.recording() as seen:
            ask(ca, token_service, token_service.mint(SUBJECT, {}), "repository:shop/app:pull")
            ask(ca, token_service, "wrong")
        assert [(one.account, one.subject, one.scopes, one.status) for one in seen] == [
            ("openshift", SUBJECT, ("repository:shop/app:pull",), 200),
            ("openshift", "", (), 401),
        ]

    def test_a_cluster_token_looks_like_one(self, token_service: TokenService) -> None:
        claims = jwt.decode(token_service.mint(SUBJECT, {}, lifetime_seconds=60), options={"verify_signature": False})
        assert (claims["iss"], claims["sub"]) == ("kubernetes/serviceaccount", SUBJECT)
        assert 30 < claims["exp"] - time.time() <= 61

    @pytest.mark.parametrize("lifetime", [None, 60])
    def test_a_valid_cluster_token_is_taken(
        self, lifetime: float | None, ca: CertificateAuthority, token_service: TokenService
    ) -> None:
        assert ask(ca, token_service, token_service.mint(SUBJECT, {}, lifetime))[0] == 200

    def test_an_expired_or_foreign_cluster_token_is_refused(
        self, ca: CertificateAuthority, token_service: TokenService
    ) -> None:
        foreign = TokenService(ca)
        with foreign:
            stranger = foreign.mint(SUBJECT, {"shop": "pull"})
        for password in (token_service.mint(SUBJECT, {}, lifetime_seconds=-5), stranger, "wrong", ""):
            assert ask(ca, token_service, password)[0] == 401

    def test_oauth_is_not_supported(self, ca: CertificateAuthority, token_service: TokenService) -> None:
        assert fetch(ca, token_service.realm, method="POST", body=b"grant_type=password")[0] == 404

    def test_the_registry_lets_in_whom_the_token_allows(
        self, ca: CertificateAuthority, token_service: TokenService, non_production: Registry, repository: str
    ) -> None:
        push(IMAGE, non_production, repository, "1.0")
        _, answer = ask(
            ca, token_service, token_service.mint(SUBJECT, {"shop-dev": "pull"}), f"repository:{repository}:pull,push"
        )
        bearer = f"Bearer {json.loads(answer)['token']}"
        list_tags, upload = f"/v2/{repository}/tags/list", f"/v2/{repository}/blobs/uploads/"
        assert fetch(ca, url(non_production, list_tags), authorization=bearer)[0] == 200
        assert fetch(ca, url(non_production, upload), authorization=bearer, method="POST")[0] == 401
        assert fetch(ca, url(non_production, list_tags))[0] == 401

    def test_a_registry_token_expires_when_it_says(self, tmp_path: Path, ca: CertificateAuthority) -> None:
        with TokenService(ca) as service, Registry(tmp_path / "registry", ca, TokenAuth(service)) as registry:
            push(IMAGE, registry, "shop/app", "1.0")

            def bearer(seconds: float) -> str:
                service.registry_token_seconds = seconds
                return registry.authorization("shop/app") or ""

            def is_taken(bearer: str) -> bool:
                return fetch(ca, url(registry, "/v2/shop/app/tags/list"), authorization=bearer)[0] == 200

            later, soon = bearer(50), bearer(1)
            wait_until(lambda: time.time() > service.over_at, "the token to be over")
            assert (is_taken(later), is_taken(soon)) == (True, False)

    def test_anonymous_access_can_be_granted(self, tmp_path: Path, ca: CertificateAuthority) -> None:
        with TokenService(ca, anonymous={"shop": "pull"}) as service:
            address = f"{service.realm}?scope=repository:shop/app:pull,push&scope=repository:other/app:pull"
            _, answer = fetch(ca, address)
        assert access_of(answer) == {"shop/app": ["pull"]}


class TestImages:
    def test_equal_arguments_make_equal_images(self) -> None:
        assert make_image(seed=1) == make_image(seed=1)
        assert make_image(seed=1).digest != make_image(seed=2).digest

    @pytest.mark.parametrize("size", [5_000, 17_000_000])
    def test_a_layer_is_a_gzipped_tar_of_about_its_size(self, size: int) -> None:
        layer = make_layer(size, "a layer")
        with layer.open() as stream:
            content = stream.read()
        tar = gzip.decompress(content)
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            assert [member.size for member in archive] == [size]
        assert (digest_of(content), len(content), digest_of(tar)) == (layer.digest, layer.size, layer.diff_id)
        assert size < layer.size < size * 1.01 + 1_000

    def test_a_layer_can_hold_a_given_file(self, tmp_path: Path) -> None:
        (tmp_path / "hello.txt").write_text("hello")
        with make_layer(tmp_path / "hello.txt").open() as stream, tarfile.open(fileobj=stream, mode="r:gz") as archive:
            content = archive.extractfile("hello.txt")
            assert content
            assert content.read() == b"hello"

    def test_images_can_share_a_layer(self, production: Registry, repository: str) -> None:
        base = make_layer(4_000, "base")
        push(make_image([base, 1_000], seed=1), production, repository, "one")
        with production.recording() as seen:
            push(make_image([base, 1_000], seed=2), production, repository, "two")
        assert len(seen.uploads) == 2
        assert base.digest not in seen.uploads

    def test_signatures_and_referrers_are_taken_byte_for_byte(self, production: Registry, repository: str) -> None:
        image = IMAGE
        referrer = make_referrer(image, "application/vnd.example.report+json", b"{}", {"by": "QA"})
        attached = {**sign_cosign_style(image), referrers_tag(image): make_referrers_index([referrer])}
        push(image, production, repository, "1.0")
        for tag, one in attached.items():
            push(one, production, repository, tag)

        assert tags(production, repository) == {"1.0", *attached}
        for tag, one in attached.items():
            found = resolve(production, repository, tag)
            assert found
            assert found.content == one.content
        assert json.loads(referrer.content)["subject"]["digest"] == image.digest

    def test_a_deleted_manifest_takes_its_tags_along(self, production: Registry, repository: str) -> None:
        digest = push(make_image(media="docker"), production, repository, "1.0")
        delete_manifest(production, repository, digest)
        assert resolve(production, repository, digest) is None
        assert tags(production, repository) == set()


class TestFaults:
    @pytest.fixture
    def blob(self, production: Registry, repository: str) -> tuple[str, bytes]:
        """The path of a layer in production, and its content."""
        image = make_image([200_000], seed=repository)
        push(image, production, repository, "1.0")
        layer = image.blobs[1]
        with layer.open() as stream:
            return f"/v2/{repository}/blobs/{layer.digest}", stream.read()

    @staticmethod
    def get(ca: CertificateAuthority, proxy: FaultyProxy, path: str) -> tuple[int, bytes]:
        return fetch(ca, url(proxy, path), authorization=basic(PRODUCTION_USER, PRODUCTION_PASSWORD))

    def test_passes_on_what_no_rule_is_about(
        self, ca: CertificateAuthority, proxy: FaultyProxy, blob: tuple[str, bytes]
    ) -> None:
        proxy.when("PUT").answer(503)
        path, content = blob
        assert self.get(ca, proxy, path) == (200, content)
        assert [(seen.method, seen.path, seen.status) for seen in proxy.requests] == [("GET", path, 200)]

    def test_answers_so_many_times_after_so_many(
        self, ca: CertificateAuthority, production: Registry, proxy: FaultyProxy, blob: tuple[str, bytes]
    ) -> None:
        proxy.when("GET", "/blobs/", times=2, after=1).answer(503, {"Retry-After": "1"}, b"later")
        with production.recording() as seen:
            answers = [self.get(ca, proxy, blob[0])[0] for _ in range(4)]
        assert answers == [200, 503, 503, 200]
        assert len(seen.requests) == 2

    def test_an_answer_in_the_registrys_place_hears_the_body_out(
        self, ca: CertificateAuthority, proxy: FaultyProxy, repository: str
    ) -> None:
        proxy.when("PUT").answer(507)
        body = bytes(3_000_000)
        assert fetch(ca, url(proxy, f"/v2/{repository}/x"), method="PUT", body=body)[0] == 507
        assert proxy.requests[0].request_bytes == len(body)

    def test_drops_before_the_registry_sees_it(
        self, ca: CertificateAuthority, production: Registry, proxy: FaultyProxy, blob: tuple[str, bytes]
    ) -> None:
        proxy.when("GET").drop()
        with production.recording() as seen, pytest.raises((OSError, HTTPException)):
            self.get(ca, proxy, blob[0])
        assert seen.requests == []
        assert proxy.requests[0].status is None

    def test_drops_the_answer_to_what_was_done(
        self, ca: CertificateAuthority, production: Registry, proxy: FaultyProxy, blob: tuple[str, bytes]
    ) -> None:
        proxy.when("GET").drop_answer()
        known = len(production.requests())
        with pytest.raises((OSError, HTTPException)):
            self.get(ca, proxy, blob[0])

        def answered() -> list[int]:
            paths = production.requests()[known:]
            return [request.status for request in paths if request.path.endswith(blob[0])]

        wait_until(lambda: answered() == [200], "the registry to note its answer")

    def test_drops_in_the_middle_of_an_answer(
        self, ca: CertificateAuthority, proxy: FaultyProxy, blob: tuple[str, bytes]
    ) -> None:
        proxy.when("GET").drop_answer(after_bytes=70_000)
        with pytest.raises(IncompleteRead) as broken:
            self.get(ca, proxy, blob[0])
        assert broken.value.partial == blob[1][:70_000]

    def test_truncates(self, ca: CertificateAuthority, proxy: FaultyProxy, blob: tuple[str, bytes]) -> None:
        proxy.when("GET").truncate(to_bytes=70_000)
        assert self.get(ca, proxy, blob[0]) == (200, blob[1][:70_000])

    def test_corrupts_one_byte(self, ca: CertificateAuthority, proxy: FaultyProxy, blob: tuple[str, bytes]) -> None:
        proxy.when("GET").corrupt(at_byte=100_000)
        _, content = self.get(ca, proxy, blob[0])
        assert [at for at, (one, other) in enumerate(zip(content, blob[1], strict=True)) if one != other] == [100_000]

    def test_delays(self, ca: CertificateAuthority, proxy: FaultyProxy, blob: tuple[str, bytes]) -> None:
        proxy.when("GET").delay(0.2)
        begin = time.monotonic()
        assert self.get(ca, proxy, blob[0])[0] == 200
        assert time.monotonic() - begin >= 0.2

    def test_calls_at_that_very_moment(
        self, ca: CertificateAuthority, production: Registry, proxy: FaultyProxy, repository: str
    ) -> None:
        digest = push(make_image(media="docker"), production, repository, "1.0")
        path = f"/v2/{repository}/manifests/{digest}"
        proxy.when("GET", after=1).call(lambda: delete_manifest(production, repository, digest))
        assert [self.get(ca, proxy, path)[0] for _ in range(2)] == [200, 404]

    def test_a_call_that_fails_fails_the_test(
        self, ca: CertificateAuthority, production: Registry, blob: tuple[str, bytes]
    ) -> None:
        def fail() -> None:
            raise ConnectionRefusedError("the registry is down")

        def use() -> None:
            with FaultyProxy(production, ca) as proxy, contextlib.suppress(OSError, HTTPException):
                proxy.when("GET").call(fail)
                self.get(ca, proxy, blob[0])

        with pytest.raises(ExceptionGroup, match="a server of the rig failed"):
            use()

    def test_holds_until_released(self, ca: CertificateAuthority, proxy: FaultyProxy, blob: tuple[str, bytes]) -> None:
        hold = proxy.when("GET").hold()
        with ThreadPoolExecutor(1) as client:
            answer = client.submit(self.get, ca, proxy, blob[0])
            hold.wait_until_reached()
            assert not answer.done()
            assert proxy.requests[0].status is None
            hold.release()
            assert answer.result(10) == (200, blob[1])

    def test_a_stop_lets_go_what_is_held(
        self, ca: CertificateAuthority, production: Registry, blob: tuple[str, bytes]
    ) -> None:
        with ThreadPoolExecutor(1) as client:
            with FaultyProxy(production, ca) as proxy:
                hold = proxy.when("GET").hold()
                answer = client.submit(self.get, ca, proxy, blob[0])
                hold.wait_until_reached()
            assert not wait([answer], timeout=10).not_done

    def test_a_registry_that_is_down_looks_so(self, tmp_path: Path, ca: CertificateAuthority) -> None:
        with Registry(tmp_path / "registry", ca) as registry, FaultyProxy(registry, ca) as proxy:
            registry.stop()
            with pytest.raises((OSError, HTTPException)):
                fetch(ca, url(proxy, "/v2/"))
