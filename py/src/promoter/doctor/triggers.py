"""Triggers that no promotion fires: they watch tags which none moves, or are paused; nothing else would tell.

Which tags promotions set is known only once they have set them. So a trigger is told if no route brings images of that
name, or if the image stream never had such a tag.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import NamedTuple

from promoter.doctor.report import Report
from promoter.doctor.watching import BUILD_CONFIG, Watch, build_configs_in, built_by, by_builds, by_workloads
from promoter.model.configuration import Configuration, Environment, Route
from promoter.openshift.api import ClusterApi, Forbidden
from promoter.openshift.image_streams import ImageStream, ImageStreams
from promoter.openshift.triggers import TagName

_SHOWN_TAGS = 5
_RESUME = "Leave it so if a person is to start it; otherwise resume it, or make its trigger automatic."


def examine_triggers(report: Report, api: ClusterApi, configuration: Configuration, environment: Environment) -> None:
    """Report triggers in an environment's project that no promotion fires.

    Raises:
        NotPermitted, Unreachable: the project cannot be looked at.

    """
    project = environment.cluster_project
    try:
        builds = build_configs_in(api, project)
        watches = sorted({*by_workloads(api, project), *by_builds(builds, project)})
        streams = {stream.name: stream for stream in ImageStreams(api, project).matching("")}
        movers = _Movers(configuration, api.url, project, streams, built_by(builds, project))
    except Forbidden as failure:
        report.warn(f"Triggers that watch for promotions cannot be seen: {failure.message}", failure.remedy)
        return
    problems = [problem for watch in watches if (problem := movers.problem_of(watch))]
    for message, remedy in problems:
        report.warn(message, remedy)
    if not problems:
        report.ok(f"{len(watches)} triggers in project {project} watch image stream tags; each can be moved.")


class _Movers(NamedTuple):
    """What moves tags.

    Args:
        configuration: its routes.
        api: URL of the cluster that the triggers are in.
        project: theirs.
        streams: the image streams of that project by name.
        built: what its own builds move.

    """

    configuration: Configuration
    api: str
    project: str
    streams: dict[str, ImageStream]
    built: set[TagName]

    def problem_of(self, watch: Watch) -> tuple[str, str] | None:
        """Say what is wrong with a trigger, and what to do; nothing if a promotion, a build or an import fires it."""
        tag = watch.tag
        if tag in self.built or self._is_imported(tag):
            return None
        is_foreign = tag.project != self.project
        if is_foreign and watch.kind == BUILD_CONFIG:  # builder images come from elsewhere, and not by promotions
            return None
        watches = f"{watch.kind} {watch.name} watches {tag}"
        if not any(self._leads_to(route, tag) for route in self.configuration.routes):
            return (
                f"{watches}, which no promotion moves: "
                f"no route brings images named {tag.stream_name} to {tag.project}.",
                "Let it watch what is promoted, or let a route lead there.",
            )
        if not is_foreign and (problem := self._never_set(watches, tag)):
            return problem
        return None if watch.is_automatic else (f"{watches}, but is paused: no promotion starts it.", _RESUME)

    def _is_imported(self, tag: TagName) -> bool:
        stream = self.streams.get(tag.stream_name) if tag.project == self.project else None
        return stream is not None and stream.tag(tag.tag).is_scheduled

    def _leads_to(self, route: Route, tag: TagName) -> bool:
        target = self.configuration.environments[route.to]
        is_here = target.cluster is not None and target.cluster.api.rstrip("/") == self.api
        return is_here and target.cluster_project == tag.project and route.takes(tag.stream_name)

    def _never_set(self, watches: str, tag: TagName) -> tuple[str, str] | None:
        stream = self.streams.get(tag.stream_name)
        there = [name for name in stream.tags if stream.tag(name).digest] if stream else []
        if tag.tag in there:
            return None
        close = get_close_matches(tag.tag, there, n=1)
        others = ", ".join([*there[:_SHOWN_TAGS], *(["…"] if there[_SHOWN_TAGS:] else [])])
        return (
            f"{watches}, which no promotion has ever moved: the image stream has {others or 'no tag at all'}.",
            f"Is {tag.stream_name}:{close[0]} meant? Then let it watch that."
            if close
            else f"Promote to the tag {tag.tag}, or let it watch the one that promotions set.",
        )
