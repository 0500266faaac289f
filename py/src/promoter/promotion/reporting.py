"""What the pull request that proposed an image hears of it: the status of its commit, pending until it is decided."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from promoter.credentials.redaction import SECRETS
from promoter.credentials.sources import load_credential
from promoter.errors import Interrupted, PromoterError, Refused, TimedOut, WrongUsage
from promoter.github.api import GitHubApi, require_url
from promoter.github.statuses import State, Status, post_status
from promoter.http.deadline import Deadline
from promoter.http.trust import Trust
from promoter.model.commit import parse_commit
from promoter.model.line import in_a_line
from promoter.model.promotion import PromotionResult
from promoter.model.reference import without_user
from promoter.model.request import AwaitSignOffsRequest, PromoteRequest
from promoter.promotion.places import Places
from promoter.promotion.records.identity import build_url

_LONGEST_SECONDS = 10.0
"""For one status: nobody waits long for a mere report, and one of a time-out has to go out after it."""


class Reporting:
    """Reports to one commit; in a `with`, an error that ends the block is reported, too.

    A status that cannot be posted is said, and changes nothing. In a dry run none is posted.

    Args:
        request: names the commit.
        places: the configuration, and who is told what cannot be posted.

    Raises:
        WrongUsage: it names no commit, or the configuration does not say where it is. Nothing has been sent by then.

    """

    def __init__(self, request: PromoteRequest | AwaitSignOffsRequest, places: Places) -> None:
        section = places.configuration.pull_requests
        if section is None:
            raise WrongUsage(
                f"There is nowhere to report to: `pull-requests` is missing; {places.configuration.origin}.",
                "Give the configuration its section `pull-requests`, or leave the commit out.",
            )
        require_url(section.api)
        self._commit = parse_commit(request.report_to or "")
        self._section = section
        self._places = places
        self._posts = not request.dry_run
        self._doing = ""
        self._last: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, Refused):
            self.failure(error.message)
        elif isinstance(error, TimedOut):
            self._report("error", f"timed out while {self._doing}")
        elif isinstance(error, Interrupted):
            self._report("error", f"interrupted while {self._doing}")
        elif isinstance(error, PromoterError):
            self._report("error", error.message)
        elif error:
            self._report("error", f"a defect of promoter ended it while {self._doing}")

    def pending(self, description: str) -> None:
        """Report what is being done, or waited for: `waiting for billing`."""
        self._doing = description
        self._report("pending", description)

    def success(self, description: str) -> None:
        """Report that it went well."""
        self._report("success", description)

    def failure(self, description: str) -> None:
        """Report that it was decided against; the first reason given is the one that stands."""
        if self._last is None or self._last.state != "failure":
            self._report("failure", description)

    def _report(self, state: State, description: str) -> None:
        """Post a status, unless it was the last one already."""
        status = Status(state, in_a_line(SECRETS.redact(description)))
        if self._posts and status != self._last:
            self._last = status
            try:
                self._post(status)
            except TimedOut:
                self._say_unheard(f"{self._section.api} gave no answer that helps within {_LONGEST_SECONDS:.0f} s.")
            except PromoterError as failure:
                self._say_unheard(f"{failure.message} {failure.remedy}")

    def _say_unheard(self, why: str) -> None:
        self._places.say(f"(the pull request does not hear of it: {why})")

    def _post(self, status: Status) -> None:
        section = self._section
        http = self._places.http(Trust(section.ca, verify=section.tls_verify), Deadline(_LONGEST_SECONDS))
        api = GitHubApi(section.api, http, load_credential(section.credentials))
        post_status(api, self._commit, status, section.context, _page())


def reported(request: PromoteRequest, places: Places, promote: Callable[[], PromotionResult]) -> PromotionResult:
    """Promote, and report what is under way and how it ended.

    Raises:
        PromoterError: what `promote` raises; see `Reporting`, too.

    """
    with Reporting(request, places) as reporting:
        reporting.pending(f"promoting to {without_user(request.destination)}")
        result = promote()
        if result.status == "awaiting-approval":
            reporting.pending(f"waiting for {', '.join(result.open_gates)}")
        elif result.status == "unchanged":
            reporting.success(f"is in {request.destination} already: {result.digest}")
        else:
            reporting.success(f"promoted to {request.destination}: {result.digest}")
    return result


def _page() -> str | None:
    """Return the build's page, if it has one."""
    build = build_url()
    return build if build and build.startswith(("https://", "http://")) else None
