"""git's smart HTTP protocol, answered by git itself (git-http-backend(1)) for bare repositories in a directory."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.servers import RequestHandler


def answer_git(request: RequestHandler, body: bytes, directory: Path, path: str, user: str) -> None:
    """Answer a request of git's.

    Args:
        request: the request.
        body: its body.
        directory: where the repositories are.
        path: which file in there is asked for, such as `/team/web.git/info/refs`.
        user: who is asking; may push.

    """
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_PROJECT_ROOT": str(directory),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": request.command,
        "PATH_INFO": path,
        "QUERY_STRING": urlsplit(request.path).query,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_USER": user,
    }
    command = ["git", "http-backend"]
    # It fails where it tells the client of an error, in the protocol.
    said = subprocess.run(command, input=body, capture_output=True, check=False, env=environment).stdout
    head, _, content = said.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
    status = int(headers.pop("Status", "200").split()[0])
    request.reply(status, headers, content)
