"""`promoter doctor`: examines all that the configuration names, at the same time, and reports in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from promoter.doctor.clusters import examine_cluster
from promoter.doctor.jobs import examine_job
from promoter.doctor.machine import examine_machine
from promoter.doctor.pull_requests import examine_pull_requests
from promoter.doctor.registries import examine_registry
from promoter.doctor.report import Report
from promoter.doctor.webhooks import examine_webhook
from promoter.http.patience import Patience
from promoter.model.doctor import DoctorResult
from promoter.model.reference import parse_name
from promoter.model.request import DoctorRequest
from promoter.parallel import each
from promoter.promotion.places import Places

_PATIENCE = Patience(attempts=2)
"""Enough for a connection that broke; a service that is down is to be reported, not waited for."""


def doctor(request: DoctorRequest, places: Places) -> DoctorResult:
    """Examine this machine and all that the configuration names.

    Raises:
        WrongUsage: the image that is named is no image's name.

    """
    if request.image is not None:
        parse_name(request.image, bare=True)
    hurried = Places(places.configuration, places.deadline, places.say, patience=_PATIENCE)
    machine = examine_machine(places.configuration)  # it starts a process, which a signal has to be able to end
    others = each(lambda examination: examination(), _examinations(request, hurried))
    findings = tuple(finding for report in (machine, *others) for finding in report.findings)
    failed = [finding.exit_code for finding in findings if finding.status == "failed"]
    return DoctorResult(findings=findings, exit_code=min(failed, default=0))


def _examinations(request: DoctorRequest, places: Places) -> Iterator[Callable[[], Report]]:
    for name, environment in places.configuration.environments.items():
        yield partial(examine_registry, places, name, request.image)
        if environment.cluster:
            yield partial(examine_cluster, places, name, environment.cluster)
    for route in places.configuration.routes:
        if route.webhook:
            yield partial(examine_webhook, places, route, route.webhook)
        if job := route.job or route.generic_webhook:
            yield partial(examine_job, places, route, job)
    if pull_requests := places.configuration.pull_requests:
        yield partial(examine_pull_requests, places, pull_requests)
