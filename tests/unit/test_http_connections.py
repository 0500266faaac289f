"""Connections: kept, found closed, cut off; and whose certificates are accepted."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from promoter.errors import NotFound, Unreachable, WrongUsage
from promoter.http.connection import ConnectionFailed, NotTrusted, origin_of, resolve
from promoter.http.trust import Trust
from tests.support.tls import CertificateAuthority, ServerCertificate
from tests.support.waiting import wait_until
from tests.unit.conftest import QUICK, ClientFactory
from tests.unit.scripted import ScriptedServer, chunked, cut_short, no_answer, reply, unannounced_close


def test_a_request_as_it_arrives(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(reply(201, b"made", X_Kind="test"))
    response = make_client().request("POST", server.url("/a%20b?c=d&e"), {"X-Mine": "yes"}, b"content")
    assert (response.status, response.headers["X-Kind"], response.read()) == (201, "test", b"made")
    (seen,) = server.requests
    assert (seen.method, seen.path, seen.body) == ("POST", "/a%20b?c=d&e", b"content")
    assert (seen.headers["X-Mine"], seen.headers["Host"]) == ("yes", server.host)
    assert seen.headers["User-Agent"] == "unit-tests"


def test_a_url_without_a_path_asks_for_the_root(server: ScriptedServer, make_client: ClientFactory) -> None:
    make_client().request("GET", f"https://{server.host}?a=b").read()
    assert server.requests[0].path == "/?a=b"


def test_a_body_that_is_made_on_the_way(server: ScriptedServer, make_client: ClientFactory) -> None:
    make_client().request("PUT", server.url(), {"Content-Length": "6"}, lambda: iter([b"one", b"two"])).read()
    assert server.requests[0].body == b"onetwo"


def test_one_connection_serves_many_requests(server: ScriptedServer, make_client: ClientFactory) -> None:
    client = make_client()
    server.will(reply(200, b"content"))
    for method in ("GET", "HEAD", "GET", "PUT", "DELETE", "HEAD", "GET"):
        client.request(method, server.url()).read()
    assert [seen.connection for seen in server.requests] == [1] * 7


@pytest.mark.parametrize("method", ["read", "close"])
def test_a_head_leaves_its_connection_to_the_next_get(
    server: ScriptedServer, make_client: ClientFactory, method: str
) -> None:
    client = make_client()
    server.will(reply(200, b"content"))
    getattr(client.request("HEAD", server.url()), method)()
    assert client.request("GET", server.url()).read() == b"content"
    assert server.connections == 1


def test_an_answer_without_content_leaves_its_connection_when_closed(
    server: ScriptedServer, make_client: ClientFactory
) -> None:
    client = make_client()
    server.will(reply(204))
    for _ in range(2):
        client.request("DELETE", server.url()).close()
    assert server.connections == 1


@pytest.mark.parametrize("body", [b"content", b"c" * 1_000_000], ids=["short", "long"])
def test_a_body_nobody_reads_costs_the_connection(
    server: ScriptedServer, make_client: ClientFactory, body: bytes
) -> None:
    client = make_client()
    server.will(reply(200, body))
    client.request("GET", server.url()).close()
    assert client.request("GET", server.url()).read() == body
    assert server.connections == 2


def test_a_body_that_is_left_in_its_middle_costs_the_connection(
    server: ScriptedServer, make_client: ClientFactory
) -> None:
    client = make_client()
    server.will(reply(200, b"c" * 1_000_000))
    for chunk in client.request("GET", server.url()).chunks():
        assert chunk
        break
    client.request("GET", server.url()).read()
    assert server.connections == 2


def test_requests_under_way_at_once_have_a_connection_each(server: ScriptedServer, make_client: ClientFactory) -> None:
    client = make_client()
    server.will(reply(200, b"content"))
    first, second = client.request("GET", server.url()), client.request("GET", server.url())
    assert first.read() == second.read() == b"content"
    client.request("GET", server.url()).read()
    assert server.connections == 2


def test_a_server_that_announces_the_end_of_the_connection(server: ScriptedServer, make_client: ClientFactory) -> None:
    client = make_client()
    server.will(reply(200, b"content", Connection="close"))
    for _ in range(2):
        assert client.request("PUT", server.url()).read() == b"content"
    assert server.connections == 2


@pytest.mark.parametrize("size", [1, 64 * 1024, 3_000_000])
def test_a_body_arrives_in_chunks(server: ScriptedServer, make_client: ClientFactory, size: int) -> None:
    server.will(reply(200, b"c" * size))
    chunks = list(make_client().request("GET", server.url()).chunks())
    assert b"".join(chunks) == b"c" * size
    assert max(map(len, chunks)) <= 64 * 1024


@pytest.mark.parametrize("pieces", [(), (b"one",), (b"one", b"two" * 100_000, b"three")], ids=["none", "one", "three"])
def test_a_chunked_answer(server: ScriptedServer, make_client: ClientFactory, pieces: tuple[bytes, ...]) -> None:
    client = make_client()
    server.will(chunked(*pieces))
    for _ in range(2):
        assert client.request("GET", server.url()).read() == b"".join(pieces)
    assert server.connections == 1


def test_a_body_that_is_too_short(server: ScriptedServer, make_client: ClientFactory) -> None:
    client = make_client()
    server.will(cut_short(b"content", announced=100), reply())
    with pytest.raises(ConnectionFailed, match="93 bytes are missing") as caught:
        client.request("GET", server.url()).read()
    assert caught.value.sent
    assert client.request("GET", server.url()).read() == b""
    assert server.connections == 2


def test_a_chunked_body_that_is_too_short(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(chunked(b"content", ends=False))
    with pytest.raises(ConnectionFailed):
        make_client().request("GET", server.url()).read()


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_kept_connection_that_the_server_has_closed_is_not_used(
    server: ScriptedServer, make_client: ClientFactory, method: str
) -> None:
    client = make_client()
    server.will(unannounced_close(), reply(200, b"content"))
    client.request("GET", server.url()).read()
    wait_until(lambda: server.closed == 1, "the server to close the connection")
    assert client.request(method, server.url()).read() == b"content"
    assert [seen.connection for seen in server.requests] == [1, 2]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_over_a_kept_connection_that_breaks_is_sent_again_at_once(
    server: ScriptedServer, make_client: ClientFactory, method: str
) -> None:
    client = make_client()
    server.will(reply(), no_answer, reply(204))
    client.request("GET", server.url()).read()
    assert client.request(method, server.url()).status == 204
    assert [seen.connection for seen in server.requests] == [1, 1, 2]


def test_a_read_over_a_new_connection_that_breaks_has_failed(
    server: ScriptedServer, make_client: ClientFactory
) -> None:
    server.will(no_answer)
    with pytest.raises(ConnectionFailed) as caught:
        make_client().request("GET", server.url())
    assert caught.value.sent
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_a_write_over_a_kept_connection_that_breaks_is_left_to_the_retries(
    server: ScriptedServer, make_client: ClientFactory, method: str
) -> None:
    impatient, patient = make_client(), make_client(QUICK)
    for client in (impatient, patient):
        client.request("GET", server.url()).read()
    server.will(no_answer, no_answer, reply(201))
    with pytest.raises(ConnectionFailed):
        impatient.request(method, server.url())
    assert patient.request(method, server.url()).status == 201
    assert [seen.method for seen in server.requests] == ["GET", "GET", *[method] * 3]


def test_a_body_that_cannot_be_made_breaks_the_connection_off(
    server: ScriptedServer, make_client: ClientFactory
) -> None:
    def body() -> Iterator[bytes]:
        yield b"half"
        raise NotFound("the other half is gone", "look for it")

    client = make_client()
    client.request("GET", server.url()).read()
    with pytest.raises(NotFound):
        client.request("PUT", server.url(), {"Content-Length": "8"}, body)
    wait_until(lambda: server.closed == 1, "the client to close the connection")
    assert client.request("GET", server.url()).status == 200
    assert server.connections == 2


def test_nobody_listens(make_client: ClientFactory) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        host = f"localhost:{bound.getsockname()[1]}"
        with pytest.raises(
            ConnectionFailed, match=f"https://{host} could not be reached: Connection refused"
        ) as caught:
            make_client().request("GET", f"https://{host}/")
    assert not caught.value.sent


def test_a_host_that_does_not_exist(make_client: ClientFactory) -> None:
    with pytest.raises(ConnectionFailed, match=r"https://registry\.invalid could not be reached"):
        make_client().request("GET", "https://registry.invalid/")


@pytest.mark.parametrize(
    "url",
    [f"https://{'a' * 64}.example.com/", "https://localhost:1/ü", "https://localhost:1/a b"],
    ids=["label too long", "unicode in the path", "space in the path"],
)
def test_what_cannot_be_sent_has_failed(make_client: ClientFactory, url: str) -> None:
    with pytest.raises(ConnectionFailed):
        make_client().request("GET", url)


def test_a_server_without_tls(make_client: ClientFactory) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        answering = threading.Thread(target=_answer_plainly, args=(plain,))
        answering.start()
        with pytest.raises(ConnectionFailed) as caught:
            make_client(trust=Trust(verify=False)).request("GET", f"https://localhost:{plain.getsockname()[1]}/")
        answering.join()
    assert not caught.value.sent


def _answer_plainly(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_closing_a_client_closes_what_it_kept(server: ScriptedServer, make_client: ClientFactory) -> None:
    client = make_client()
    client.request("GET", server.url()).read()
    client.close()
    wait_until(lambda: server.closed == 1, "the client to close its connection")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://r.io/a?b", ("https", "r.io", 443)),
        ("https://r.io:443", ("https", "r.io", 443)),
        ("HTTPS://R.IO:5000/", ("https", "r.io", 5000)),
        ("http://r.io/", ("http", "r.io", 80)),
        ("https://user:secret@r.io/", ("https", "r.io", 443)),
        ("https://[::1]:5000/", ("https", "::1", 5000)),
    ],
)
def test_the_origin_of_a_url(url: str, origin: tuple[str, str, int]) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/path",
        "r.io",
        "https://",
        "https:///path",
        "ftp://r.io/",
        "https://r.io:port/",
        "https://r.io:70000/",
        "https://[::1/",
        "https://r.io\0.example.com/",
    ],
)
def test_what_has_no_origin_cannot_be_used(url: str) -> None:
    with pytest.raises(Unreachable, match="An address cannot be used"):
        origin_of(url)


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("/b", "https://r.io:5000/b"),
        ("b?c", "https://r.io:5000/v2/b?c"),
        ("//other.io/b", "https://other.io/b"),
        ("http://other.io/b", "http://other.io/b"),
        ("", "https://r.io:5000/v2/a"),
    ],
)
def test_where_an_answer_leads(target: str, url: str) -> None:
    assert resolve("https://r.io:5000/v2/a", target) == url


@pytest.mark.parametrize("target", ["https://[::1/", "ftp://r.io/", "//r.io:port/", "https://a\0b/"])
def test_an_answer_that_leads_nowhere(target: str) -> None:
    with pytest.raises(Unreachable, match=r"^r\.io:5000 names an address that cannot be used: ") as caught:
        resolve("https://user:secret@r.io:5000/", target)
    assert "secret" not in f"{caught.value} {caught.value.remedy}"


def test_a_certificate_of_another_authority_is_not_trusted(
    server: ScriptedServer, make_client: ClientFactory, tmp_path: Path
) -> None:
    other = CertificateAuthority(tmp_path, "other-ca")
    with pytest.raises(NotTrusted, match=f"localhost:{server.port} has a certificate that is not trusted") as caught:
        make_client(QUICK, trust=Trust(other.certificate)).request("GET", server.url())
    assert "--source-ca" in caught.value.remedy
    assert server.requests == []
    assert server.connections <= 1, "it is not tried again"


def test_a_private_authority_is_not_trusted_by_default(server: ScriptedServer, make_client: ClientFactory) -> None:
    with pytest.raises(NotTrusted):
        make_client(trust=Trust()).request("GET", server.url())


def test_a_certificate_for_another_host_is_not_trusted(server: ScriptedServer, make_client: ClientFactory) -> None:
    with pytest.raises(NotTrusted, match=r"127\.1:\d+ has a certificate that is not trusted: Hostname mismatch"):
        make_client().request("GET", f"https://127.1:{server.port}/")


def test_any_certificate_will_do_without_verification(server: ScriptedServer, make_client: ClientFactory) -> None:
    assert make_client(trust=Trust(verify=False)).request("GET", server.url()).status == 200


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_ca_file_that_is_of_no_use(
    server: ScriptedServer, make_client: ClientFactory, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WrongUsage, match=f"The CA file {path} cannot be used"):
        make_client(QUICK, trust=Trust(path)).request("GET", server.url())
    assert server.connections <= 1, "it is not tried again"


def test_a_directory_in_place_of_a_ca_file(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot be used"):
        _ = Trust(tmp_path).context


def test_a_key_in_place_of_a_certificate(certificate: ServerCertificate) -> None:
    with pytest.raises(WrongUsage, match="cannot be used"):
        _ = Trust(certificate.key).context


def test_threads_share_a_client(server: ScriptedServer, make_client: ClientFactory) -> None:
    client = make_client()
    server.will(reply(200, json.dumps("content").encode()))
    bodies: list[bytes] = []

    def ask() -> None:
        bodies.extend(client.request("GET", server.url()).read() for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [b'"content"'] * 80
    assert server.connections <= 4
