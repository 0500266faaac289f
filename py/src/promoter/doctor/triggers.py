"""Triggers that watch tags which no promotion moves: such a one never fires, and nothing else would tell.

Which tags promotions set is known only once they have set them. So a trigger is told if no route brings images of that
name, or if the image stream never had such a tag.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import NamedTuple

from promoter.doctor.report import Report
from promoter.doctor.watching import Tag, Trigger, built_in, triggers_in
from promoter.model.configuration import Configuration, Environment, Route
from promoter.openshift.api import ClusterApi, Forbidden
from promoter.openshift.image_streams import ImageStream, ImageStreams

_SHOWN_TAGS = 5


def examine_triggers(report: Report, api: ClusterApi, configuration: Configuration, environment: Environment) -> None:
    """Report triggers in an environment's project that watch what no promotion moves.

    Raises:
        NotPermitted, Unreachable: the project cannot be looked at.

    """
    project = environment.cluster_project
    try:
        triggers = triggers_in(api, project)
        streams = {stream.name: stream for stream in ImageStreams(api, project).matching("")}
        movers = _Movers(configuration, api.url, project, streams, built_in(api, project))
    except Forbidden as failure:
        report.warn(f"Triggers that watch for promotions cannot be seen: {failure.message}", failure.remedy)
        return
    problems = [problem for trigger in triggers if (problem := movers.problem_of(trigger))]
    for message, remedy in problems:
        report.warn(message, remedy)
    if not problems:
        report.ok(f"{len(triggers)} triggers in project {project} watch image stream tags; each can be moved.")


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
    built: set[Tag]

    def problem_of(self, trigger: Trigger) -> tuple[str, str] | None:
        """Say what is wrong with a trigger, and what to do; nothing if what it watches can be moved."""
        tag = trigger.tag
        if tag in self.built or self._is_imported(tag):
            return None
        is_foreign = tag.project != self.project
        if is_foreign and trigger.kind == "BuildConfig":  # builder images come from elsewhere, and not by promotions
            return None
        watches = f"{trigger.kind} {trigger.name} watches {tag}"
        if not any(self._leads_to(route, tag) for route in self.configuration.routes):
            return (
                f"{watches}, which no promotion moves: no route brings images named {tag.stream} to {tag.project}.",
                "Let it watch what is promoted, or let a route lead there.",
            )
        return None if is_foreign else self._never_set(watches, tag)

    def _is_imported(self, tag: Tag) -> bool:
        stream = self.streams.get(tag.stream) if tag.project == self.project else None
        return bool(stream and (stream.tag(tag.name).spec.get("importPolicy") or {}).get("scheduled"))

    def _leads_to(self, route: Route, tag: Tag) -> bool:
        target = self.configuration.environments[route.to]
        is_here = target.cluster is not None and target.cluster.api.rstrip("/") == self.api
        return is_here and target.cluster_project == tag.project and route.takes(tag.stream)

    def _never_set(self, watches: str, tag: Tag) -> tuple[str, str] | None:
        stream = self.streams.get(tag.stream)
        there = [name for name in stream.tags if stream.tag(name).digest] if stream else []
        if tag.name in there:
            return None
        close = get_close_matches(tag.name, there, n=1)
        others = ", ".join([*there[:_SHOWN_TAGS], *(["…"] if there[_SHOWN_TAGS:] else [])])
        return (
            f"{watches}, which no promotion has ever moved: the image stream has {others or 'no tag at all'}.",
            f"Is {tag.stream}:{close[0]} meant? Then let it watch that."
            if close
            else f"Promote to the tag {tag.name}, or let it watch the one that promotions set.",
        )
