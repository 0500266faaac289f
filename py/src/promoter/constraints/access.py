"""Which tokens open the git repositories of metadata and components."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from promoter.constraints.metadata import https_of
from promoter.credentials.sources import load_credential
from promoter.errors import WrongUsage
from promoter.git import USER, Remote, require_remote
from promoter.http.trust import Trust
from promoter.model.constraints import MetadataRequest

_GIVEN = re.compile(r"([\w.-]+(?::\d+)?)=(.+)", re.ASCII)


class Access:
    """How repositories are fetched.

    The metadata names any repository it likes: so a token goes to the host alone that it was given for.

    Args:
        request: the tokens' credential sources by their hosts, and whom to trust.

    Raises:
        WrongUsage: it does not say which host a credential is for, or the credential is none.
        NotPermitted: a credential cannot be loaded.

    """

    def __init__(self, request: MetadataRequest) -> None:
        sources = dict(map(_parsed, request.git_credentials))
        self._credentials = {host: load_credential(source, user=USER) for host, source in sources.items()}
        self._trust = Trust(request.git_ca)

    def remote(self, url: str) -> Remote:
        """Return where a repository is fetched: where there is a token for its host by HTTPS, or else by its own URL.

        Raises:
            WrongUsage: git would not be started with the URL.

        """
        require_remote(url)
        https = https_of(url)
        if credential := self._credentials.get(urlsplit(https).netloc.lower()):
            return Remote(https, credential, self._trust)
        return Remote(url, trust=self._trust)


def _parsed(given: str) -> tuple[str, str]:
    match = _GIVEN.fullmatch(given)
    if match is None:
        raise WrongUsage(
            "A --git-credentials does not say which host it is for.",  # there may be a token in it
            "Write it as HOST=SOURCE, such as github.com=env:GITHUB_TOKEN.",
        )
    return match[1].lower(), match[2]
