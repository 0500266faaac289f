"""Registries that answer nonsense: each time an error that says what is wrong with whose answer."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from promoter.credentials.sources import ANONYMOUS
from promoter.errors import NotFound, NotPermitted, PromoterError, Unreachable, VerificationFailed
from promoter.model.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, digest_of
from promoter.registry.auth import Authenticator
from promoter.registry.documents import next_page
from promoter.registry.repository import Repository, Unlisted
from promoter.registry.session import RegistrySession
from tests.unit.conftest import QUICK, ClientFactory
from tests.unit.scripted import Answer, ScriptedServer, cut_short, raw, reply

MANIFEST = json.dumps({"mediaType": OCI_INDEX, "manifests": []}).encode()
DIGEST = digest_of(MANIFEST)
BLOB = Descriptor("application/octet-stream", digest_of(b"content"), len(b"content"))
DEEP = b"[" * 100_000


@pytest.fixture
def repository(server: ScriptedServer, make_client: ClientFactory) -> Repository:
    """The repository `shop/web` of a registry that answers as the test says."""
    http = make_client(QUICK)
    return Repository(
        RegistrySession(server.host, http, Authenticator(server.host, http, ANONYMOUS)), "shop/web", "pull"
    )


def failure(server: ScriptedServer, attempt: Callable[[], object]) -> PromoterError:
    """Return the error that an attempt ends with; it names the registry."""
    with pytest.raises(PromoterError) as caught:
        attempt()
    assert server.host in caught.value.message
    assert caught.value.remedy
    return caught.value


def paths(server: ScriptedServer) -> list[str]:
    return [f"{seen.method} {seen.path}" for seen in server.requests]


def head(**headers: str) -> Answer:
    fields = {"Content-Type": OCI_INDEX, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return raw("\r\n".join(lines).encode("latin-1"))


# Manifests


@pytest.mark.parametrize("length", ["", "many", "-5", "0x10", "5, 7", "\u00b2", "0", "9" * 5000])
@pytest.mark.parametrize("digest", [DIGEST, "", "latest", "sha256:", "../../other", "a:b/c"])
def test_a_head_that_tells_nothing_is_followed_by_a_get(
    server: ScriptedServer, repository: Repository, digest: str, length: str
) -> None:
    server.will(head(Docker_Content_Digest=digest, Content_Length=length), reply(200, MANIFEST, Content_Type=OCI_INDEX))
    assert repository.find("1.0") == Descriptor(OCI_INDEX, DIGEST, len(MANIFEST))


def test_a_head_that_tells_all_is_enough(server: ScriptedServer, repository: Repository) -> None:
    server.will(head(Docker_Content_Digest=DIGEST, Content_Length="5"))
    assert repository.find("1.0") == Descriptor(OCI_INDEX, DIGEST, 5)


@pytest.mark.parametrize("length", ["many", "-5", "5, 7"])
def test_a_manifest_of_no_length(server: ScriptedServer, repository: Repository, length: str) -> None:
    server.will(head(Content_Length=length))
    error = failure(server, lambda: repository.manifest("1.0"))
    assert isinstance(error, Unreachable)
    assert "gives no answer that can be read: the length is no number" in error.message


@pytest.mark.parametrize("content", [b"", b"<html>", b"5", b"[]", b"\xff", DEEP], ids=lambda content: content[:6])
def test_a_manifest_that_is_none(server: ScriptedServer, repository: Repository, content: bytes) -> None:
    server.will(reply(200, content, Content_Type=OCI_MANIFEST))
    error = failure(server, lambda: repository.manifest("1.0"))
    assert isinstance(error, VerificationFailed)
    assert "is no image that can be promoted" in error.message


def test_a_manifest_under_a_digest_that_is_none(server: ScriptedServer, repository: Repository) -> None:
    server.will(reply(200, MANIFEST, Content_Type=OCI_INDEX, Docker_Content_Digest="latest"))
    assert isinstance(failure(server, lambda: repository.manifest("1.0")), VerificationFailed)


@pytest.mark.parametrize("status", [201, 202])
def test_a_manifest_that_was_taken_is_there_whatever_becomes_of_the_rest(
    server: ScriptedServer, repository: Repository, status: int
) -> None:
    server.will(cut_short(b"tak", announced=5, status=status))
    assert repository.put_manifest(MANIFEST, OCI_INDEX, "1.0") is False
    assert len(server.requests) == 1


@pytest.mark.parametrize("content", [b"", b"5", b"{", DEEP], ids=lambda content: content[:6])
def test_a_config_that_is_none(server: ScriptedServer, repository: Repository, content: bytes) -> None:
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(content), "size": 5}
    manifest = json.dumps({"mediaType": OCI_MANIFEST, "config": config, "layers": []}).encode()
    server.will(reply(200, manifest, Content_Type=OCI_MANIFEST), reply(200, content))
    found = repository.manifest("1.0")
    if content == b"5":
        assert repository.config(found) == {}
    else:
        assert isinstance(failure(server, lambda: repository.config(found)), VerificationFailed)


# Errors


@pytest.mark.parametrize(("status", "kind"), [(403, NotPermitted), (404, NotFound), (400, Unreachable)])
@pytest.mark.parametrize("act", ["put_manifest", "tags", "upload"])
def test_an_error_that_breaks_off_is_that_error(
    server: ScriptedServer, repository: Repository, act: str, status: int, kind: type[PromoterError]
) -> None:
    server.will(cut_short(b'{"errors": [', announced=100, status=status))
    acts: dict[str, Callable[[], object]] = {
        "put_manifest": lambda: repository.put_manifest(MANIFEST, OCI_INDEX, "1.0"),
        "tags": lambda: list(repository.tags()),
        "upload": lambda: repository.upload(BLOB, lambda: [b"content"]),
    }
    error = failure(server, acts[act])
    assert isinstance(error, kind)
    assert str(status) in error.message.replace(server.host, "")
    assert len(server.requests) == 1


def test_an_error_that_is_nested_too_deep_says_nothing(server: ScriptedServer, repository: Repository) -> None:
    server.will(reply(400, DEEP))
    assert failure(server, lambda: list(repository.tags())).message.endswith("answered 400.")


# Tags and referrers


def listing(repository: Repository, what: str) -> list[object]:
    if what == "tags":
        return list(repository.tags())
    return list(repository.referrers_by_api(DIGEST) or [])


def page(document: object, **headers: str) -> Answer:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return reply(200, content, Content_Type=OCI_INDEX, **headers)


NO_LISTS: dict[str, object] = {
    "nothing": b"",
    "HTML": b"<html>",
    "not text": b"\xff\xfe",
    "nested too deep": DEEP,
    "null": None,
    "a number": 5,
    "a text": "tags",
    "a list": ["1.0"],
    "an object without it": {"name": "shop/web"},
}


@pytest.mark.parametrize("what", ["tags", "manifests"])
@pytest.mark.parametrize("document", NO_LISTS.values(), ids=NO_LISTS.keys())
def test_what_is_no_list(server: ScriptedServer, repository: Repository, document: object, what: str) -> None:
    server.will(page(document))
    error = failure(server, lambda: listing(repository, what))
    assert type(error) is Unreachable
    assert f"it sent no JSON object with '{what}'" in error.message
    assert f"{server.host}/shop/web" in error.message


WRONG_ENTRIES: dict[str, tuple[str, object]] = {
    "tags: a text": ("tags", "1.0"),
    "tags: an object": ("tags", {"1.0": DIGEST}),
    "tags: false": ("tags", False),
    "tags: a number among them": ("tags", ["1.0", 5]),
    "tags: null among them": ("tags", [None]),
    "tags: a list among them": ("tags", [["1.0"]]),
    "referrers: an object": ("manifests", {"digest": DIGEST}),
    "referrers: a text among them": ("manifests", [DIGEST]),
    "referrers: no digest": ("manifests", [{"size": 5}]),
    "referrers: a number for a digest": ("manifests", [{"digest": 5}]),
    "referrers: a path for a digest": ("manifests", [{"digest": "../../other/manifests/1.0"}]),
    "referrers: a list for annotations": ("manifests", [{"digest": DIGEST, "annotations": ["a"]}]),
}


@pytest.mark.parametrize(("what", "entries"), WRONG_ENTRIES.values(), ids=WRONG_ENTRIES.keys())
def test_a_list_of_something_else(server: ScriptedServer, repository: Repository, what: str, entries: object) -> None:
    server.will(page({what: entries}))
    error = failure(server, lambda: listing(repository, what))
    assert type(error) is Unreachable
    assert f"what it sent under '{what}' is something else" in error.message


@pytest.mark.parametrize("what", ["tags", "manifests"])
@pytest.mark.parametrize("entries", [None, []])
def test_a_list_of_nothing(server: ScriptedServer, repository: Repository, what: str, entries: object) -> None:
    server.will(page({what: entries}))
    assert listing(repository, what) == []


@pytest.mark.parametrize(
    "link",
    [
        "</v2/shop/web/tags/list?last=b>; rel=next",
        '<?last=b>; rel="next"',
        '<https://{host}/v2/shop/web/tags/list?last=b>; title="next"; REL="Next"',
        '</v2/shop/web/tags/list>; rel="first", </v2/shop/web/tags/list?last=b>; rel="next"',
    ],
)
def test_further_pages(server: ScriptedServer, repository: Repository, link: str) -> None:
    server.will(page({"tags": ["a", "b"]}, Link=link.format(host=server.host)), page({"tags": ["c"]}))
    assert list(repository.tags()) == ["a", "b", "c"]
    assert paths(server) == ["GET /v2/shop/web/tags/list?n=1000", "GET /v2/shop/web/tags/list?last=b"]


@pytest.mark.parametrize(
    "link", ["", '</a>; rel="prev"', "</a>; rel=nextcloud", "</a>", '</next>; rel="last"', "nonsense"]
)
def test_the_last_page(link: str) -> None:
    assert next_page(link) is None


ONE_ENTRY = {"tags": ["a"], "manifests": [{"digest": DIGEST}]}
LEADS_NOWHERE = {
    "no brackets": ('/more; rel="next"', "its Link names no next page"),
    "empty brackets": ('<>; rel="next"', "its Link names no next page"),
    "open bracket": ('</more; rel="next"', "its Link names no next page"),
    "closed before it is opened": ('>/more<; rel="next"', "its Link names no next page"),
    "to itself": ('<https://{host}{path}>; rel="next"', "its pages lead in a circle"),
    "no URL": ('<https://[::1>; rel="next"', "names an address that cannot be used"),
    "no TLS": ('<http://{host}/more>; rel="next"', "without TLS"),
}


@pytest.mark.parametrize("what", ["tags", "manifests"])
@pytest.mark.parametrize(("link", "message"), LEADS_NOWHERE.values(), ids=LEADS_NOWHERE.keys())
def test_a_link_that_leads_nowhere(
    server: ScriptedServer, repository: Repository, what: str, link: str, message: str
) -> None:
    path = "/v2/shop/web/tags/list?n=1000" if what == "tags" else f"/v2/shop/web/referrers/{DIGEST}"
    server.will(page(ONE_ENTRY, Link=link.format(host=server.host, path=path)))
    error = failure(server, lambda: listing(repository, what))
    assert isinstance(error, Unreachable)
    assert message in error.message
    assert len(server.requests) <= 2


def test_pages_that_lead_in_a_circle(server: ScriptedServer, repository: Repository) -> None:
    pages = [page(ONE_ENTRY, Link=f'</{number}>; rel="next"') for number in (1, 2, 3, 2)]
    server.will(*pages)
    assert "its pages lead in a circle" in failure(server, lambda: list(repository.tags())).message
    assert paths(server)[1:] == ["GET /1", "GET /2", "GET /3"]


@pytest.mark.parametrize("status", [405, 501])
def test_a_registry_that_lists_no_tags(server: ScriptedServer, repository: Repository, status: int) -> None:
    server.will(reply(status, b'{"errors": [{"code": "UNSUPPORTED"}]}'))
    error = failure(server, lambda: list(repository.tags()))
    assert type(error) is Unlisted
    assert f"answered {status} (UNSUPPORTED)" in error.message


# Uploads


def test_a_blob_is_uploaded_where_the_registry_says(server: ScriptedServer, repository: Repository) -> None:
    server.will(reply(202, Location="7?state=a"), reply(201))
    repository.upload(BLOB, lambda: [b"content"])
    assert paths(server) == [
        "POST /v2/shop/web/blobs/uploads/",
        f"PUT /v2/shop/web/blobs/uploads/7?state=a&digest=sha256%3A{BLOB.digest[7:]}",
    ]


NO_PLACES = {
    "none": ({}, "its answer has no Location"),
    "empty": ({"Location": ""}, "its answer has no Location"),
    "no URL": ({"Location": "https://[::1/"}, "names an address that cannot be used"),
    "another protocol": ({"Location": "ftp://r.io/7"}, "names an address that cannot be used"),
    "no TLS": ({"Location": "http://r.io/7"}, "sends callers to r.io without TLS"),
    "unknown host": ({"Location": "https://store.invalid/7"}, "https://store.invalid could not be reached"),
}


@pytest.mark.parametrize(("headers", "message"), NO_PLACES.values(), ids=NO_PLACES.keys())
def test_an_upload_that_leads_nowhere(
    server: ScriptedServer, repository: Repository, headers: dict[str, str], message: str
) -> None:
    server.will(reply(202, b"", **headers))
    error = failure(server, lambda: repository.upload(BLOB, lambda: [b"content"]))
    assert isinstance(error, Unreachable)
    assert message in error.message


@pytest.mark.parametrize("headers", [headers for headers, _ in NO_PLACES.values()], ids=NO_PLACES.keys())
def test_an_upload_that_cannot_be_cancelled_is_left(
    server: ScriptedServer, repository: Repository, headers: dict[str, str]
) -> None:
    server.will(reply(202, b"", **headers))
    assert repository.mount(BLOB.digest, "shop/base") is False
    repository.require_push()
    assert [seen.method for seen in server.requests] == ["POST", "POST"]


def test_a_blob_that_was_taken_is_there_whatever_becomes_of_the_rest(
    server: ScriptedServer, repository: Repository
) -> None:
    server.will(reply(202, Location="/7"), cut_short(b"", announced=5, status=201))
    repository.upload(BLOB, lambda: [b"content"])
    assert len(server.requests) == 2
