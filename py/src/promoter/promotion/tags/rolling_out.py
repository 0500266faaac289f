"""What follows once the tag is flipped: what it triggers is waited for, and what was only there to test is scaled down.

If the pods do not come to run the digest, the tag is rolled back, and the cluster rolls out again what it was before.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from promoter.errors import Interrupted, PromoterError, WrongUsage
from promoter.http.deadline import Deadline
from promoter.interrupts import interruptions_again
from promoter.model.duration import seconds
from promoter.model.promotion import PromotionResult, RolloutOutcome
from promoter.model.rollout import Rollout
from promoter.model.workload import parse_workload
from promoter.openshift.rollouts import Follower, RunningImage, Watcher
from promoter.openshift.scaling import require_scalable, scale_to_zero
from promoter.openshift.triggers import TagName, Trigger, triggers_of
from promoter.openshift.workloads import Workload, Workloads
from promoter.promotion.bringing.image import Image, look_into
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Place, Places
from promoter.promotion.tags.putting_back import put_back

Finish = Callable[[PromotionResult], PromotionResult]


def prepare(promotion: Promotion, places: Places) -> Finish:
    """Look at what the tag triggers and at what is to be scaled down, before anything is changed.

    Returns:
        what is to be called with the promotion's result once that is done. It returns the result with what came of
        the rollout, or raises that it failed; then the tag is as it was, if it was anything.

    Raises:
        WrongUsage: the clusters are not known, or a named workload does not watch the tag.
        NotFound: a named workload is not there.
        NotPermitted, Unreachable: a cluster does not let itself be looked at, or what is to be done later.

    """
    rollout = _Rollout(promotion, places) if _is_rolled_out(promotion) else None
    tests = _Tests(promotion, places) if promotion.request.scale_down else None

    def finish(result: PromotionResult) -> PromotionResult:
        if promotion.request.dry_run:
            return result
        if rollout:
            result = rollout.follow(result)
        return tests.scale_down(result) if tests else result

    return finish


def _is_rolled_out(promotion: Promotion) -> bool:
    return promotion.request.roll_out or (promotion.route is not None and promotion.route.rollout is not None)


class _Rollout:
    """The rollout that a promotion ends in."""

    def __init__(self, promotion: Promotion, places: Places) -> None:
        if promotion.route and promotion.route.hands_over:
            raise WrongUsage(
                f"The route to {promotion.route.to} hands over to production's pipeline, which flips the tag.",
                "Leave out --roll-out, and give the route in production's configuration its `rollout`.",
            )
        self._promotion = promotion
        self._places = places
        self._end = time.monotonic() + places.deadline.remaining  # which a flip moves, so as not to be stopped
        self._settings = (promotion.route and promotion.route.rollout) or Rollout()
        self._workloads = _workloads_of(promotion.destination, places)
        name = f"{places.image_name(promotion.destination)}:{promotion.destination.tag}"
        self._tag = TagName(self._workloads.project, name)
        self._watchers = self._named() if self._settings.deployments else self._found()
        names = ", ".join(str(watcher.name) for watcher in self._watchers)
        if names and promotion.request.dry_run:
            places.say(f"{self._tag} triggers {names}, which would be waited for")

    def follow(self, result: PromotionResult) -> PromotionResult:
        """Wait until all that watches the tag runs the digest.

        If the tag was that digest already, only what is still to run it is waited for: nothing else was triggered.

        Raises:
            DownstreamFailed: it does not; the tag is rolled back.
            NotFound, NotPermitted: whether it does cannot be seen any more; the tag is rolled back.

        """
        try:
            interruptions_again()
            return result.but(rollout=self._wait(has_moved=result.status == "promoted")) if self._watchers else result
        except PromoterError as failure:
            failure.message = f"{failure.message} {self._undo(failure.message, has_moved=result.status == 'promoted')}"
            raise
        except Interrupted as interruption:
            interruption.remedy = (
                f"{result.destination} is {result.digest}, and its rollout goes on. Run this again: it follows it."
            )
            raise
        except Exception as defect:
            self._places.say(self._undo(type(defect).__name__, has_moved=result.status == "promoted"))
            raise

    def _wait(self, *, has_moved: bool) -> RolloutOutcome | None:
        image = look_into(self._promotion.destination.repository, self._promotion.image)
        follower = Follower(self._workloads, _running(image), self._places.say)
        time_left = min(seconds(self._settings.timeout), max(0.0, self._end - time.monotonic()))
        watchers = self._triggered() if has_moved else self._under_way(follower)
        follower.follow(watchers, Deadline(time_left))
        names = tuple(str(watcher.name) for watcher in watchers)
        return RolloutOutcome(deployments=names, pods=follower.pods) if names else None

    def _named(self) -> list[Watcher]:
        """Return the workloads that the route names.

        Raises:
            WrongUsage: one will not be triggered.

        """
        watchers = []
        for text in self._settings.deployments:
            workload = self._workloads.get(parse_workload(text))
            triggers = triggers_of(workload, self._tag.project)
            watcher = self._watcher(workload, triggers)
            if watcher is None:
                watched = ", ".join(dict.fromkeys(str(trigger.tag) for trigger in triggers if trigger.is_automatic))
                raise WrongUsage(
                    f"{text} is named in the route's rollout, but {self._tag} does not trigger it: it watches "
                    f"{watched or 'nothing, or is paused'}.",
                    "Give it an ImageChange trigger on that tag, or take it off the route's `rollout`.",
                )
            watchers.append(watcher)
        return watchers

    def _found(self) -> list[Watcher]:
        """Return the workloads that watch the tag; say so if there are none, and what may be meant instead."""
        watchers, near = [], []
        for workload in self._workloads.all():
            triggers = triggers_of(workload, self._tag.project)
            if watcher := self._watcher(workload, triggers):
                watchers.append(watcher)
            elif any(trigger.tag == self._tag for trigger in triggers):
                self._places.say(f"{workload.name} watches {self._tag}, but is paused: a person starts its rollout")
            else:
                others = {str(trigger.tag) for trigger in triggers if trigger.tag.stream == self._tag.stream}
                near += [f"{workload.name} watches {tag}" for tag in sorted(others)]
        if not watchers:
            self._places.say("; ".join([f"no rollout is waited for: no trigger follows {self._tag} at once", *near]))
        return watchers

    def _watcher(self, workload: Workload, triggers: list[Trigger]) -> Watcher | None:
        containers = {one.container for one in triggers if one.tag == self._tag and one.is_automatic}
        return Watcher(self._workloads.with_pods(workload.name), frozenset(containers)) if containers else None

    def _triggered(self) -> list[Watcher]:
        names = ", ".join(str(watcher.name) for watcher in self._watchers)
        self._places.say(f"waiting until {names} runs {self._promotion.image.digest}")
        return self._watchers

    def _under_way(self, follower: Follower) -> list[Watcher]:
        """Return the workloads that are to run the digest already. What failed of them before is a failure now."""
        watchers = [watcher._replace(before=Workload(watcher.name, {})) for watcher in self._watchers]
        return [watcher for watcher in watchers if follower.look(watcher).is_started]

    def _undo(self, why: str, *, has_moved: bool) -> str:
        """Roll the tag back, and say what it is now."""
        promotion, place = self._promotion, self._promotion.destination
        stays = f"{place.reference} stays {promotion.image.digest}"
        if not has_moved:
            return f"{stays}, which it was before this run."
        if not self._settings.roll_back:
            return f"{stays}: the route says `roll-back: false`."
        return put_back(promotion, self._places, f"rollout failed: {why}")


class _Tests:
    """The test deployments of the source's project."""

    def __init__(self, promotion: Promotion, places: Places) -> None:
        self._names = [parse_workload(text) for text in promotion.request.scale_down]
        self._workloads = _workloads_of(promotion.source, places)
        for name in self._names:
            require_scalable(self._workloads, name)

    def scale_down(self, result: PromotionResult) -> PromotionResult:
        """Let them have no pods any more.

        Raises:
            NotFound, NotPermitted, Unreachable: one cannot be scaled; the promotion stands.

        """
        for name in self._names:
            try:
                scale_to_zero(self._workloads, name)
            except PromoterError as failure:
                failure.message = (
                    f"{result.destination} is promoted, but {name} could not be scaled down: {failure.message}"
                )
                failure.remedy = f"{failure.remedy} Then run this again: only that is left to do."
                raise
        return result.but(scaled_down=tuple(map(str, self._names)))


def _workloads_of(place: Place, places: Places) -> Workloads:
    """Open the project of the cluster that a place is in.

    Raises:
        WrongUsage: it is not known.
        NotPermitted: the cluster's credential cannot be loaded.

    """
    if place.environment is None:
        raise WrongUsage(
            f"{place.reference} is in no environment, so the deployments of its cluster are not known.",
            "Write environment/name:tag with an environment that has a `cluster`.",
        )
    environment = places.configuration.environment(place.environment)
    api, project = places.cluster(environment), environment.cluster_project
    if not project or "/" in project:
        raise WrongUsage(
            f"The environment {place.environment} is no project of a cluster: {project!r}.",
            "Give its `cluster` the `project`.",
        )
    return Workloads(api, project)


def _running(image: Image) -> RunningImage:
    """Return an image as pods may name it."""
    configs = {manifest.fields["config"]["digest"] for manifest in image.manifests if not manifest.is_index}
    return RunningImage(image.top.digest, frozenset({manifest.digest for manifest in image.manifests} | configs))
