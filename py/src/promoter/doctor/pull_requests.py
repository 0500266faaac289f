"""The section `pull-requests`: the API that statuses of commits go to, and its token."""

from __future__ import annotations

from promoter.doctor.report import Report
from promoter.doctor.servers import examine_server
from promoter.doctor.tokens import examine_credential
from promoter.github.api import Forbidden, GitHubApi, require_url
from promoter.http.trust import Trust
from promoter.model.pull_requests import PullRequests
from promoter.promotion.places import Places


def examine_pull_requests(places: Places, section: PullRequests) -> Report:
    """Examine whether the API is there and knows the token. No status is posted."""
    report = Report("pull requests")
    with report.noting_failures():
        require_url(section.api)
        trust = Trust(section.ca, verify=section.tls_verify)
        status = examine_server(report, section.api, trust, places.deadline)
        credential = examine_credential(report, section.credentials)
        if status is None or credential is None:
            return report
        api = GitHubApi(section.api, places.http(trust), credential)
        try:
            login = api.get("/user", "say whose the token is").get("login")
        except Forbidden:  # GitHub's answer to the tokens of apps, which are nobody's
            login = None
        whose = f"it is {login}'s" if login else "it does not say whose it is"
        report.ok(f"{api.host} knows the token from {credential.source}; {whose}.")
    return report
