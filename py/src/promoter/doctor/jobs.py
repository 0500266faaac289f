"""Routes through a Jenkins job: the controller, whom it takes the credential for, and the job behind it."""

from __future__ import annotations

from promoter.credentials.sources import load_credential
from promoter.doctor.report import Report
from promoter.doctor.servers import examine_server
from promoter.doctor.tokens import examine_credential
from promoter.errors import NotPermitted, WrongUsage
from promoter.http.trust import Trust
from promoter.jenkins.api import JenkinsApi
from promoter.jenkins.jobs import Job
from promoter.jenkins.parameters import Definition, require_taken
from promoter.model.configuration import JenkinsJob, JenkinsWebhook, Route
from promoter.promotion.handing_over.downstream import REQUESTER, SENT
from promoter.promotion.places import Places


def examine_job(places: Places, route: Route, section: JenkinsJob) -> Report:
    """Examine whether production's job can be started and followed. It is not started."""
    report = Report(f"route from {route.from_} to {route.to}")
    trust = Trust(section.ca, verify=section.tls_verify)
    answers = _answers(report, section, trust, places)
    credential = examine_credential(report, section.credentials, user=section.user)
    by_webhook = isinstance(section, JenkinsWebhook)
    if isinstance(section, JenkinsWebhook):
        _examine_token(report, section)
    if not answers or credential is None:
        return report
    with report.noting_failures():
        api = JenkinsApi(section.url, places.http(trust), credential)
        api.require_jenkins()
        if not credential.is_anonymous:
            _examine_user(report, api)
        if credential.is_anonymous and by_webhook:
            _warn_of_blindness(report, api)
        else:
            _examine_job(report, Job(api, section.name), by_webhook=by_webhook)
    return report


def _answers(report: Report, section: JenkinsJob, trust: Trust, places: Places) -> bool:
    """Tell whether there is any use in asking more; without TLS, which only this machine may be, there is."""
    if section.url.lower().startswith("http:"):
        return True
    return examine_server(report, f"{section.url.rstrip('/')}/login", trust, places.deadline) is not None


def _examine_token(report: Report, section: JenkinsWebhook) -> None:
    """Load the webhook's token; the webhook is not called."""
    with report.noting_failures():
        token = load_credential(section.token)
        if token.is_anonymous:
            raise WrongUsage("The generic webhook has no token: `token` is anonymous.", "Name where its token is.")
        report.ok(f"The generic webhook's token is in {token.source}.")


def _warn_of_blindness(report: Report, api: JenkinsApi) -> None:
    report.warn(
        f"The route has no credentials for {api.url}: whether the job fits cannot be seen, and its builds are not "
        "followed, nor found again.",
        "Give its `generic-webhook` a `user` and `credentials` that may read the job.",
    )


def _examine_user(report: Report, api: JenkinsApi) -> None:
    """Ask whom the credential is taken for (Jenkins' page `whoAmI`, which answers everybody).

    Raises:
        NotPermitted: for nobody.

    """
    source = api.credential.source
    who = api.get("/whoAmI", "anonymous,name")
    if who.get("anonymous"):
        raise NotPermitted(
            f"Jenkins at {api.url} takes {source} for nobody's.",
            "Give the route's section the `user` whose token it is: only OpenShift's Jenkins takes one without.",
        )
    report.ok(f"Jenkins at {api.url} takes {source} for {who.get('name')}'s.")


def _examine_job(report: Report, job: Job, *, by_webhook: bool) -> None:
    """Look at the job.

    Raises:
        NotFound, NotPermitted, WrongUsage, Refused: it is not there, or cannot be started with what is sent.

    """
    declared = job.definitions()
    fitting = {definition.name: _any_value(definition) for definition in declared}
    require_taken(job.name, declared, {name: fitting.get(name, "") for name in SENT})
    report.ok(f"The job {job} takes what is sent.")
    if REQUESTER not in fitting:
        report.warn(
            f"The job {job} does not take {REQUESTER}: production is not told who asks.",
            "Declare it as a string parameter, as `productionPipeline` does.",
        )
    if not by_webhook:  # whose token takes the place of the right
        report.warn(
            f"Whether {job.api.credential.source} may build {job} cannot be seen: Jenkins shows it to those who do.",
            "See that its user has Job/Build there; `promoter promote` says so if it has not, and changes nothing.",
        )


def _any_value(definition: Definition) -> str:
    """Return a value that the parameter takes: what is going to be sent is not known here."""
    return next(iter(definition.choices), "")
