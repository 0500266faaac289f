"""What a job was asked for, from the queue to the end of its build."""

from __future__ import annotations

from collections.abc import Callable

from promoter.errors import DownstreamFailed, NotFound, Unreachable
from promoter.http.build_log import ProgressiveLog, Say
from promoter.jenkins.builds import Build
from promoter.jenkins.jobs import Job
from promoter.jenkins.queue import Item

_LOOKS = 5


class Vanished(NotFound):
    """What was followed is not there any more."""


class Run:
    """A queue item at first, then a build.

    Args:
        job: whose run it is.
        parameters: what it was given.
        item: the queue item.
        number: the build's, once it has begun.

    """

    def __init__(self, job: Job, parameters: dict[str, str], item: int, number: int | None = None) -> None:
        self.job = job
        self.item = item
        self.number = number
        self._parameters = parameters

    @classmethod
    def of(cls, job: Job, found: Item | Build) -> Run:
        """Make one of what was found."""
        if isinstance(found, Item):
            return cls(job, found.parameters, found.number, found.build)
        return cls(job, found.parameters, found.item, found.number)

    @property
    def name(self) -> str:
        """What to look for in Jenkins: the build, or the queue item."""
        return f"queue item {self.item} of {self.job}" if self.number is None else f"{self.job} #{self.number}"

    def lacks(self, parameters: dict[str, str]) -> list[str]:
        """Return which of these parameters it has not, or with another value."""
        return [name for name, value in parameters.items() if self._parameters.get(name) != value]


def follow(run: Run, pause: Callable[[], None], say: Say) -> Build:
    """Wait for the end of a run, saying its log line by line meanwhile. While Jenkins is away, it is waited for.

    Args:
        run: learns its build's number on the way.
        pause: waits before the next look; raises TimedOut when the time is over.
        say: takes the lines.

    Raises:
        DownstreamFailed: it was cancelled before it began.
        Vanished: it is not there any more.
        NotPermitted: it may not be seen.
        TimedOut: it had not ended by then.

    """
    follower = _Follower(run, say)
    while True:
        try:
            ended = follower.look()
        except Unreachable as failure:
            say(f"(the build cannot be seen just now: {failure.message})")
        else:
            if ended:
                return ended
        pause()


class _Follower:
    """Looks at a run again and again, and says what is new."""

    def __init__(self, run: Run, say: Say) -> None:
        self._run = run
        self._say = say
        self._log: ProgressiveLog | None = None
        self._why = ""
        self._missed = 0

    def look(self) -> Build | None:
        """Return the build if it is over."""
        if self._run.number is None:
            self._run.number = self._number()
        if self._run.number is None:
            return None
        log = self._log = self._log or self._open(self._run.number)
        try:
            build = self._run.job.build(self._run.number)
        except NotFound:
            self._miss()
            return None
        self._missed = 0
        log.forward(ended=build.has_ended)
        return build if build.has_ended else None

    def _number(self) -> int | None:
        """Return the build that the queue item became, if it has begun.

        Raises:
            DownstreamFailed: it never will.
            Vanished: nothing is known of it.

        """
        try:
            item = self._run.job.item(self._run.item)
        except NotFound:
            return self._number_by_item()
        if item.is_cancelled:
            raise DownstreamFailed(
                f"Production's pipeline, {self._run.name}, was cancelled in the queue before it began.",
                "Ask who cancelled it; then promote again with a new promotion ID.",
            )
        self._say_why(item.why)
        return item.build

    def _number_by_item(self) -> int | None:
        """Look for the build of a queue item that has been forgotten."""
        try:
            builds = self._run.job.recent()
        except NotFound:
            builds = []
        number = next((build.number for build in builds if build.item == self._run.item), None)
        if number is None:
            self._miss()
        return number

    def _open(self, number: int) -> ProgressiveLog:
        job = self._run.job
        self._say(f"the build is {self._run.name}: {job.page(number, 'console')}")
        return ProgressiveLog(job.page(number, "logText/progressiveText"), job.api.page, self._say)

    def _say_why(self, why: str) -> None:
        """Say what is waited for; `Expires in 4.9 sec` is no news."""
        if why and why.partition(".")[0] != self._why:
            self._why = why.partition(".")[0]
            self._say(f"{self._run.name} waits: {why}")

    def _miss(self) -> None:
        """Note that it was not there; a controller that has just started may not have it yet.

        Raises:
            Vanished: it has not been there for a while.

        """
        self._missed += 1
        if self._missed >= _LOOKS:
            raise Vanished(f"Jenkins has no {self._run.name} any more.", "Somebody deleted it, or its job.")
