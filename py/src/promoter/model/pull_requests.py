"""The section `pull-requests` of the configuration: where the proposers of images hear what became of them."""

from __future__ import annotations

from promoter.model.section import Section


class PullRequests(Section):
    """An API in GitHub's manner, which takes the status of a commit and shows it at its pull request.

    Args:
        api: its URL, such as `https://api.github.com`.
        credentials: credential source of a token that may write commit statuses.
        context: the name under which the status stands beside others.
        ca: PEM file with the authority to trust.
        tls_verify: false accepts any certificate.
        author: whose the commits of alignment changes are; on top of anybody else's, a further one is put.

    """

    api: str
    credentials: str
    context: str = "image-promoter"
    ca: str | None = None
    tls_verify: bool = True
    author: str = "image-promoter <image-promoter@localhost>"
