"""The one door to the git binary.

git gets an environment with nothing in it that it does not need: no configuration of the machine's or the user's, no
hooks, no credential helpers, no questions. A token goes along by HTTPS alone, as a header of requests to the remote's
own origin, which is told through the environment (git-config(1), `GIT_CONFIG_COUNT`); by ssh it is the user's own keys.
git is stopped when the command is, and waited for.
"""

from __future__ import annotations

import os
import re
import shutil
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from promoter.credentials.sources import ANONYMOUS, Credential
from promoter.errors import NotFound, NotPermitted, PassingFailure, PromoterError, Refused, Unreachable, WrongUsage
from promoter.http.deadline import Deadline
from promoter.http.patience import Patience
from promoter.http.persistence import persist
from promoter.http.trust import Trust
from promoter.http.waits import Waits, say_nothing
from promoter.model.line import quoted
from promoter.processes import Ended, ask_version, end_all, run

USER = "x-access-token"
"""The user that goes with a bare token: GitHub asks for it with an app's, and takes any with a person's."""

DEFAULT_BRANCH = "HEAD"
"""The ref that is whatever branch the remote says is its own."""

_OLDEST = (2, 32)
_UPGRADE = "Install git 2.32 or newer; older ones cannot be told their configuration through the environment."
_INHERITED = (
    "PATH",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "GIT_SSH_COMMAND",
    "HTTPS_PROXY",
    "NO_PROXY",
    "https_proxy",
    "no_proxy",
)
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "https:ssh:file",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "gc.auto": "0",
    "http.followRedirects": "false",  # the token would go along
}
_URL = re.compile(
    r"https://[^\s@?#]+"
    r"|ssh://(?:\w[\w.-]*@)?\w[^\s@?#]*"
    r"|\w[\w.-]*@\w[\w.-]*:[^\s:-]\S*"
    r"|file:///[^\s?#]+",
    re.ASCII,
)
_REF = re.compile(r"(?![-+/])(?!.*(?:\.\.|@\{|//))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])")

_ASK_FOR_RIGHTS = (
    "Name a credential (--git-credentials, or `credentials` of `pull-requests`) that may read the repository and, "
    "for a push, write its branches."
)
_CHECK_HOST = "Add the host's key to ssh's known_hosts, after comparing it with what its operator says."
_CHECK_REF = "Name a branch, a tag, or a commit by all of its 40 digits; or push it there."
_CHECK_REPOSITORY = "Check the URL; what the credential may not see is not there either."
_CHECK_TRUST = "Name the authority that signed the server's certificate (--git-ca, or `ca` of `pull-requests`)."
_LOOK_AGAIN = "Run this again: it looks at what is there now."
_RENAME = "Name the repository as it is called now: redirects are not followed, since a token would go along."
_RUN_AGAIN = "See what git says, then run this again."
_SERVE_SMART = "Serve the repository by git's smart protocol (git-http-backend)."

_MEANINGS: tuple[tuple[str, type[PromoterError], str], ...] = (
    (r"couldn't find remote ref|not our ref|unadvertised object", NotFound, _CHECK_REF),
    (r"\[rejected\]|stale info|cannot lock ref", Refused, _LOOK_AGAIN),
    (r"\[remote rejected\]", NotPermitted, "The server refuses the branch: look at its rules for branches."),
    (r"host key verification failed", Unreachable, _CHECK_HOST),
    (r"certificate|SSL", Unreachable, _CHECK_TRUST),
    (
        r"authentication failed|could not read (?:username|password)|permission|denied|error: 40[13]",
        NotPermitted,
        _ASK_FOR_RIGHTS,
    ),
    (r"not found|error: 404|does not appear to be a git repository|no such file", NotFound, _CHECK_REPOSITORY),
    (r"error: 30\d", Unreachable, _RENAME),
    (r"dumb http", Unreachable, _SERVE_SMART),
)
"""What git's words mean, the first that fits; whatever is not in here may pass by itself."""

_TELLING = re.compile(r"fatal:|error:|!|remote:|ssh:|Host key |.*: Permission denied")
"""The lines, git's and ssh's, that say why; others are advice."""

_NAMED = re.compile(r"(?:https|ssh|file)://\S+")
"""What is no word of git's: a repository may be called `certificate`."""


class Remote(NamedTuple):
    """A repository that is elsewhere.

    Args:
        url: `https://…`, `ssh://…`, `user@host:path` or `file:///…`, with no login but ssh's user in it.
        credential: the user and token that are sent by HTTPS; see `USER`.
        trust: whose certificate to accept.

    """

    url: str
    credential: Credential = ANONYMOUS
    trust: Trust = Trust()


class Author(NamedTuple):
    """Whose a commit is."""

    name: str
    email: str

    @property
    def environment(self) -> dict[str, str]:
        """What makes git sign a commit so (git(1), "Git Commits")."""
        return {
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": self.email,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": self.email,
        }


def version() -> str:
    """Ask git for its version, such as `2.39.5`.

    Raises:
        WrongUsage: git is missing, too old, or something else has its name.

    """
    if shutil.which("git") is None:
        raise WrongUsage("git is not installed, or not on PATH.", "Use the agent image, or install git 2.32 or newer.")
    return ask_version("git", _environment({}), _OLDEST, _UPGRADE)


def require_remote(url: str) -> None:
    """See that a URL is one that git is started with, and that messages may show.

    Raises:
        WrongUsage: it is not, or there is a login in it.

    """
    if not _URL.fullmatch(url):
        raise WrongUsage(
            "The URL of a git repository is none that is safe.",  # there may be a password in it
            "Write https://HOST/PATH without a login, ssh://USER@HOST/PATH, USER@HOST:PATH or file:///PATH.",
        )


class Git:
    """Runs git; threads may share it.

    Its methods raise WrongUsage where a URL or a name is not one, NotPermitted, NotFound or Unreachable by what git
    says, and TimedOut once the deadline has passed; what else they raise they say.

    Args:
        deadline: when to stop.
        patience: how often to try again what failed in passing.
        say: gets what people want to know: that it failed, and when it will be tried again.

    Raises:
        WrongUsage: git is missing or too old.

    """

    def __init__(
        self, deadline: Deadline, patience: Patience | None = None, say: Callable[[str], None] = say_nothing
    ) -> None:
        version()
        self._deadline = deadline
        self._patience = patience or Patience()
        self._say = say

    def stop(self) -> None:
        """End what other threads do with it, and let them begin nothing: for the way out after a signal."""
        self._deadline.leave(0.0)
        end_all()

    def checkout(self, remote: Remote, ref: str, directory: Path) -> str:
        """Fetch one commit without its history, and check it out; neither submodules nor large files (LFS) come along.

        Args:
            remote: where from.
            ref: a branch, a tag, a whole commit ID or `DEFAULT_BRANCH`; of a tag and a branch of one name the tag.
            directory: where to; it is made, or empty.

        Returns:
            The commit's ID.

        Raises:
            NotFound: there is no such repository, branch, tag or commit.

        """
        _require_ref(ref)
        directory.mkdir(parents=True, exist_ok=True)
        self._run(directory, "init", "--quiet", "--initial-branch=main", doing=f"make {directory}")
        fetch = ("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", remote.url, ref)
        self._reach(remote, directory, *fetch, doing=f"fetch {ref} of {remote.url}")
        check_out = ("checkout", "--quiet", "--detach", "FETCH_HEAD^{commit}")
        self._run(directory, *check_out, doing=f"check {ref} of {remote.url} out")
        return self._head(directory)

    def tip(self, remote: Remote, branch: str) -> str | None:
        """Return the commit that a branch is elsewhere; nothing if there is no such branch."""
        _require_ref(branch)
        ask = ("ls-remote", "--", remote.url, f"refs/heads/{branch}")
        lines = self._reach(remote, Path.cwd(), *ask, doing=f"look at {branch} of {remote.url}")
        return next((commit for commit, tab, _ in (line.partition("\t") for line in lines) if tab), None)

    def author(self, directory: Path) -> Author:
        """Return whose the commit is that is checked out in a directory."""
        return Author(*self._log(directory, "%an%n%ae")[-2:])

    def committed_at(self, directory: Path) -> int:
        """Return when the commit was made that is checked out in a directory, in seconds since 1970."""
        return int(self._log(directory, "%ct")[-1])

    def commit(self, directory: Path, files: Sequence[str], message: str, author: Author) -> str:
        """Commit files as they are now on top of what is checked out.

        Args:
            directory: the checkout.
            files: relative to it.
            message: the commit's message.
            author: whose it is.

        Returns:
            The new commit's ID.

        """
        doing = f"commit {', '.join(files)}"
        self._run(directory, "add", "--", *files, doing=doing)
        self._run(directory, "commit", "--quiet", f"--message={message}", doing=doing, author=author)
        return self._head(directory)

    def push(self, remote: Remote, directory: Path, branch: str, expected: str | None) -> None:
        """Make a branch elsewhere the commit that is checked out, unless somebody else has changed it.

        Args:
            remote: where to.
            directory: the checkout.
            branch: the branch's name.
            expected: the commit that the branch is now; nothing where it is to be made.

        Raises:
            Refused: the branch is another commit than expected.
            NotPermitted: the credential may not write there, or the server's rules forbid it.

        """
        _require_ref(branch)
        full = f"refs/heads/{branch}"
        lease = f"--force-with-lease={full}:{expected or ''}"
        command = ("push", "--porcelain", lease, "--", remote.url, f"HEAD:{full}")
        self._reach(remote, directory, *command, doing=f"push {branch} to {remote.url}")

    def _head(self, directory: Path) -> str:
        return self._log(directory, "%H")[-1]

    def _log(self, directory: Path, form: str) -> tuple[str, ...]:
        return self._run(directory, "log", "-1", f"--format={form}", doing=f"look at the commit in {directory}")

    def _reach(self, remote: Remote, directory: Path, *arguments: str, doing: str) -> tuple[str, ...]:
        """Run git with what opens a remote, again and again while it fails in passing."""
        require_remote(remote.url)
        settings = _settings(remote)

        def attempt() -> tuple[str, ...]:
            return self._run(directory, *arguments, doing=doing, settings=settings)

        return persist(attempt, self._patience, self._deadline, Waits(self._say))

    def _run(
        self,
        directory: Path,
        *arguments: str,
        doing: str,
        settings: Mapping[str, str] = _SETTINGS,
        author: Author | None = None,
    ) -> tuple[str, ...]:
        """Run git, and return the last lines that it printed: what was asked comes after its warnings."""
        trying = f"asking git to {doing}"
        seconds = self._deadline.require(trying)
        environment = _environment(settings) | (author.environment if author else {})
        ended = run(["git", *arguments], environment, seconds, say_nothing, directory)
        if ended.status:
            self._deadline.require(trying)
            raise _failure(doing, ended)
        return ended.last_lines


def _require_ref(ref: str) -> None:
    if not _REF.fullmatch(ref):
        raise WrongUsage(
            f"{quoted(ref)} is no branch, tag or commit.", "Write its name as `git branch` or `git tag` lists it."
        )


def _settings(remote: Remote) -> dict[str, str]:
    """Return git's configuration for requests to a remote."""
    if not remote.url.startswith("https:"):
        return _SETTINGS
    settings = _SETTINGS | {"http.sslVerify": str(remote.trust.verify).lower()}
    if authority := remote.trust.ca or os.environ.get("SSL_CERT_FILE"):
        settings["http.sslCAInfo"] = str(authority)
    if not remote.credential.is_anonymous:
        pair = f"{remote.credential.user}:{remote.credential.secret}"
        header = f"Authorization: Basic {b64encode(pair.encode()).decode()}"
        settings[f"http.https://{urlsplit(remote.url).netloc}/.extraHeader"] = header
    return settings


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Leave git what it needs, and tell it its configuration."""
    told = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        told |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return _ENVIRONMENT | {name: os.environ[name] for name in _INHERITED if name in os.environ} | told


def _failure(doing: str, ended: Ended) -> PromoterError:
    said = " ".join(filter(_TELLING.match, map(str.strip, ended.last_lines))) or f"exit status {ended.status}"
    message = f"git could not {doing}: {said}"
    words = _NAMED.sub("", said)
    for pattern, kind, remedy in _MEANINGS:
        if re.search(pattern, words, re.IGNORECASE):
            return kind(message, remedy)
    return PassingFailure(message, _RUN_AGAIN)
