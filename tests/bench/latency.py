"""A slow network: toxiproxy in front of registries."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.bench.tools import tool
from tests.support.processes import ServerProcess
from tests.support.waiting import wait_until


@contextmanager
def slow_network(directory: Path, milliseconds: int) -> Iterator[Callable[[str], str]]:
    """Give what puts a proxy before a host and returns the proxy's: there, all is so much later, each way."""
    port, log = _free_port(), directory / "toxiproxy.log"
    process = ServerProcess([tool("toxiproxy"), "-host", "127.0.0.1", "-port", str(port)], log, log)
    try:
        wait_until(lambda: _listening(port) or not process.running(), "toxiproxy to listen")
        if not process.running():
            raise RuntimeError(f"toxiproxy did not start: {log.read_text()}")
        yield lambda host: _slow_proxy(port, host, milliseconds)
    finally:
        process.stop()


def _slow_proxy(port: int, host: str, milliseconds: int) -> str:
    upstream = f"127.0.0.1:{host.rpartition(':')[2]}"
    proxy = _post(port, "/proxies", {"name": host, "listen": "127.0.0.1:0", "upstream": upstream, "enabled": True})
    for stream in ("upstream", "downstream"):
        toxic = {"type": "latency", "stream": stream, "attributes": {"latency": milliseconds}}
        _post(port, f"/proxies/{host}/toxics", toxic)
    return f"localhost:{proxy['listen'].rpartition(':')[2]}"


def _post(port: int, path: str, document: dict[str, Any]) -> dict[str, Any]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("POST", path, json.dumps(document), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
    if answer.status not in {200, 201}:
        raise RuntimeError(f"toxiproxy answered {answer.status}: {said.decode()}")
    created: dict[str, Any] = json.loads(said)
    return created


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    """Return a port that is free now; toxiproxy would not say which one it chose itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
