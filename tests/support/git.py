"""Git repositories made of directories, and served on 127.0.0.1."""

from __future__ import annotations

import os
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.servers import Served

BRANCH = "main"
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "tests",
    "GIT_AUTHOR_EMAIL": "tests@example.com",
    "GIT_COMMITTER_NAME": "tests",
    "GIT_COMMITTER_EMAIL": "tests@example.com",
}


class GitServer(Served):
    """Serves the repositories that are published into `directory`, while its `with` block runs.

    They are sent as files, git's "dumb" protocol: a local path would be refused by Jenkins' git plugin unless its
    controller was started with a property, and by git unless it runs as the owner.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True)
        self._directory = directory
        self._server = _Server(("127.0.0.1", 0), partial(_Files, directory=directory))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def publish(self, name: str, sources: Path) -> str:
        """Make a repository whose branch `main` has all that is in a directory, and return its URL."""
        repository = self._directory / f"{name}.git"
        git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(repository))
        of = (f"--git-dir={repository}", f"--work-tree={sources}")
        git(*of, "add", "--all", "--force")
        git(*of, "commit", "--quiet", "--message", f"{name} as it is")
        git(*of, "update-server-info")
        return f"http://127.0.0.1:{self._server.server_port}/{repository.name}"


def git(*arguments: str) -> str:
    """Run git with no configuration of the machine's, and return what it printed."""
    environment = {**_ENVIRONMENT, "PATH": os.environ["PATH"]}
    command = ["git", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


class _Server(ThreadingHTTPServer):
    daemon_threads = False


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter is named so in http.server
        """Say nothing."""
