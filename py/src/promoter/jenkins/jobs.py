"""Jobs: looking at one, and starting it."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from urllib.parse import quote

from promoter.errors import NotFound, PerhapsTriggered, PromoterError, Refused, WrongUsage
from promoter.http.connection import ConnectionFailed
from promoter.jenkins.answers import Answer, Object
from promoter.jenkins.api import JenkinsApi
from promoter.jenkins.builds import FIELDS, Build
from promoter.jenkins.parameters import DEFINITIONS, Definition, definitions, require_taken
from promoter.jenkins.queue import Item, get_item, item_at, items_of

_RECENT = 100
_TAKEN = (HTTPStatus.CREATED, HTTPStatus.SEE_OTHER)  # the latter for an item that waits already


class Job:
    """A job.

    Args:
        api: the controller.
        name: its full name: `folder/job`; of a multibranch project `project/branch`, a slash in the branch written %2F.

    """

    def __init__(self, api: JenkinsApi, name: str) -> None:
        self.api = api
        self.name = name
        self.path = "".join(f"/job/{quote(part, safe='')}" for part in name.split("/"))

    def __str__(self) -> str:
        """Name the job."""
        return self.name

    def require_takes(self, parameters: dict[str, str], optional: Collection[str] = ()) -> dict[str, str]:
        """See that the job can be started with these parameters, and loses none of them but optional ones.

        Returns:
            those that it takes.

        Raises:
            NotFound: there is no such job, or no Jenkins.
            WrongUsage: it is no job, or takes no such parameters.
            Refused: it is disabled, or does not take a value.
            NotPermitted, Unreachable: it cannot be looked at.

        """
        declared = self.definitions()
        known = {definition.name for definition in declared}
        taken = {name: value for name, value in parameters.items() if name in known or name not in optional}
        require_taken(self.name, declared, taken)
        return taken

    def definitions(self) -> list[Definition]:
        """Return the parameters that it declares, if it can be started at all.

        Raises:
            NotFound: there is no such job, or no Jenkins.
            WrongUsage: it is no job.
            Refused: it is disabled.
            NotPermitted, Unreachable: it cannot be looked at.

        """
        fields = self._look(f"buildable,{DEFINITIONS}")
        if "buildable" not in fields:
            raise WrongUsage(
                f"{self} at {self.api.url} is no job, but a folder or a multibranch project.",
                "Name a job in it: folder/job, or project/branch with %2F for a slash in the branch's name.",
            )
        if not fields["buildable"]:
            raise _disabled(self)
        return definitions(fields)

    def find(self, name: str, value: str) -> Item | Build | None:
        """Return what has this parameter with this value: a queue item, or the newest of the last 100 builds.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be looked for.

        """
        queued = items_of(self.api, self.path)  # first: what leaves the queue meanwhile is a build
        found: list[Item | Build] = [*queued, *self.recent()]
        return next((one for one in found if one.parameters.get(name) == value), None)

    def recent(self) -> list[Build]:
        """Return the last 100 builds, newest first.

        Raises:
            NotFound, NotPermitted, Unreachable: they cannot be had.

        """
        return [Build(fields) for fields in self._look(f"builds[{FIELDS}]{{0,{_RECENT}}}").get("builds") or []]

    def item(self, number: int) -> Item:
        """Get one of its queue items; see `get_item`."""
        return get_item(self.api, number)

    def build(self, number: int) -> Build:
        """Get a build.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be had.

        """
        return Build(self.api.get(f"{self.path}/{number}", FIELDS))

    def page(self, number: int, name: str) -> str:
        """Return the URL of a build's page, such as `console`."""
        return f"{self.api.url}{self.path}/{number}/{name}"

    def start(self, parameters: dict[str, str]) -> int:
        """Start it with these parameters, which go in the body: what a query has gets into logs. Return the queue item.

        It is the item that waits already, if one has the same parameters.

        Raises:
            PerhapsTriggered: no answer came, or none that tells; whoever calls looks before calling again.
            NotFound, NotPermitted, Refused, WrongUsage, Unreachable: Jenkins did not take it.

        """

        def attempt() -> Answer:
            try:
                return self.api.post(f"{self.path}/buildWithParameters?delay=0sec", parameters)
            except ConnectionFailed as failure:
                if failure.sent:
                    raise _perhaps(self, "gave no answer") from failure
                raise

        answer = self.api.http.persist(attempt)
        item = item_at(answer.headers.get("Location")) if answer.status in _TAKEN else None
        if item is None:
            raise self._refusal(answer)
        return item

    def cancel(self, item: int) -> None:
        """Take something out of the queue.

        Raises:
            NotFound: there is no such item.
            NotPermitted, Unreachable: it cannot be done, or it has left the queue already.

        """
        answer = self.api.post(f"/queue/cancelItem?id={item}", {})
        if answer.status != HTTPStatus.NO_CONTENT:
            raise self.api.failure(answer, f"cancel queue item {item}")

    def _refusal(self, answer: Answer) -> PromoterError:
        if answer.status == HTTPStatus.BAD_REQUEST:
            return WrongUsage(
                f"The job {self} at {self.api.url} takes no parameters: {answer.reason}.",
                "Declare them as string parameters; a Pipeline whose text declares them has them once it has run.",
            )
        if answer.status == HTTPStatus.CONFLICT:
            return _disabled(self)
        if answer.status == HTTPStatus.CREATED or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _perhaps(self, f"answered {answer.status}: {answer.reason}")
        return self.api.failure(answer, f"build {self}")

    def _look(self, tree: str) -> Object:
        try:
            return self.api.get(self.path, tree)
        except NotFound as failure:
            self.api.require_jenkins()
            raise NotFound(
                f"There is no job {self} at {self.api.url}, or it is not for {self.api.credential.source} to see.",
                "Write its full name (folder/job; a slash in a branch's name is %2F), and give the user Job/Read.",
            ) from failure


def _perhaps(job: Job, what: str) -> PerhapsTriggered:
    return PerhapsTriggered(
        f"Jenkins at {job.api.url}, asked to build {job}, {what}.", "Look at Jenkins, and into its own log."
    )


def _disabled(job: Job) -> Refused:
    return Refused(f"The job {job} at {job.api.url} is disabled.", "Enable it, or wait until somebody does.")
