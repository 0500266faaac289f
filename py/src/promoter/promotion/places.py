"""Places: where images come from and go to, each with the repository to talk to."""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from promoter import __version__
from promoter.credentials.sources import ANONYMOUS, Credential, load_credential
from promoter.errors import WrongUsage
from promoter.http.client import HttpClient
from promoter.http.deadline import Deadline
from promoter.http.pace import Pace
from promoter.http.patience import Patience
from promoter.http.trust import Trust
from promoter.http.waits import Lulls, say_nothing
from promoter.model.configuration import Configuration, Environment, Route
from promoter.model.line import quoted
from promoter.model.manifest import Descriptor
from promoter.model.reference import ImageReference, parse_name, parse_reference, split_host
from promoter.model.request import DestinationAccess, SourceAccess
from promoter.registry.auth import Authenticator
from promoter.registry.repository import Repository
from promoter.registry.session import RegistrySession

if TYPE_CHECKING:
    from promoter.openshift.api import ClusterApi
    from promoter.skopeo import End


_ORDER = "SOURCE comes first, then DESTINATION."
_RESERVED = re.compile(r"sha256-.*|.*\.was-[a-f0-9]{12}")


class Place(NamedTuple):
    """An image's place: its reference, and what opens the door there."""

    reference: ImageReference
    repository: Repository
    credential: Credential
    trust: Trust
    environment: str | None = None

    @property
    def tag(self) -> str:
        """The tag that is named; a destination has one."""
        return self.reference.tag or ""

    def end(self, digest: str) -> End:
        """Return this place as skopeo's source or destination, by digest."""
        from promoter.skopeo import End  # noqa: PLC0415 - brings in what runs processes

        return End(self.reference.at(digest), self.credential, self.trust)

    def shares_registry(self, other: Place) -> bool:
        """Tell whether blobs can be mounted from one to the other."""
        return self.reference.registry == other.reference.registry

    def shares_repository(self, other: Place) -> bool:
        """Tell whether what is at one place is at the other, too."""
        return self.shares_registry(other) and self.reference.repository == other.reference.repository

    def standing(self) -> Descriptor | None:
        """Look at what the tag is now; nothing if there is no such tag."""
        return self.repository.find(self.tag)


class Named(NamedTuple):
    """A reference as it was written, and the environment it was written with."""

    reference: ImageReference
    environment: str | None


class _Door(NamedTuple):
    """A registry under one credential and one trust."""

    session: RegistrySession
    credential: Credential
    trust: Trust


class Places:
    """Opens the places that a command names.

    Args:
        configuration: the environments that may be named.
        deadline: when the command has to be over.
        say: takes a line for people.
        verbose: whether to say what only matters when something is looked for.
        patience: how often to try again what failed in passing.

    """

    def __init__(
        self,
        configuration: Configuration,
        deadline: Deadline,
        say: Callable[[str], None],
        *,
        verbose: bool = False,
        patience: Patience | None = None,
    ) -> None:
        self.configuration = configuration
        self.deadline = deadline
        self.patience = patience or Patience()
        self.say = say
        self.say_more = say if verbose else say_nothing
        self._doors: dict[tuple[object, ...], _Door] = {}
        self._opening = Lock()
        self.lulls = Lulls()
        self.pace = Pace()
        self._clients: list[HttpClient] = []
        self._said: set[str] = set()
        self._noting = Lock()

    def close(self) -> None:
        """Close all kept connections."""
        for client in self._clients:
            client.close()

    def source(self, request: SourceAccess, text: str) -> Place:
        """Open the place an image comes from.

        Raises:
            WrongUsage: the text is no image, or names neither tag nor digest.
            NotPermitted: its credential cannot be loaded.

        """
        order = f" {_ORDER}" if "source" in request.fields else ""
        if text in self.configuration.environments:
            raise WrongUsage(
                f"{quoted(text)} is no image, but an environment.", f"Name the image in it: {text}/name:tag.{order}"
            )
        named = self.named(text)
        if not named.reference.locator:
            raise WrongUsage(f"{quoted(text)} names neither tag nor digest.", f"Add one: …:tag or …@sha256:….{order}")
        environment = self._environment(named, request.source_credentials, request.source_ca, request.source_tls_verify)
        return self._open(named, environment, "pull")

    def destination(
        self, request: DestinationAccess, text: str, origin: Place | None = None, *, actions: str = "pull,push"
    ) -> Place:
        """Open the place an image goes to, or stands.

        Args:
            request: how to reach it, where no environment says it.
            text: an image, or an environment alone, which stands for the same name and tag there as at the origin.
            origin: the place it comes from, if it comes from anywhere.
            actions: what is asked leave for there; `pull` where nothing is going to be changed.

        Raises:
            WrongUsage: the text is no image by tag.
            NotPermitted: its credential cannot be loaded.

        """
        if origin and text in self.configuration.environments:
            text = f"{text}/{self.image_name(origin)}"
        named = self.named(text)
        if named.reference.digest:
            order = f" The digest is the source's. {_ORDER}" if origin else ""
            raise WrongUsage(f"{quoted(text)} names a digest.", f"Name the tag.{order}")
        if origin and not named.reference.tag and origin.reference.tag:
            named = named._replace(reference=named.reference.tagged(origin.reference.tag))
        if not named.reference.tag:
            raise WrongUsage(f"{named.reference} names no tag.", "Add one: …/name:tag.")
        if origin:
            _require_unreserved(named.reference)
        environment = self._environment(
            named, request.destination_credentials, request.destination_ca, request.destination_tls_verify
        )
        return self._open(named, environment, actions)

    def image(self, request: DestinationAccess, text: str, *, actions: str) -> Place:
        """Open the place where an image stands, by tag or digest; see `destination`.

        Raises:
            WrongUsage: the text is no image, or names neither tag nor digest.
            NotPermitted: its credential cannot be loaded.

        """
        named = self.named(text)
        if not named.reference.locator:
            raise WrongUsage(f"{named.reference} names neither tag nor digest.", "Add one: …:tag or …@sha256:….")
        environment = self._environment(
            named, request.destination_credentials, request.destination_ca, request.destination_tls_verify
        )
        return self._open(named, environment, actions)

    def named(self, text: str) -> Named:
        """Read a reference, or an image of an environment, without opening anything.

        Raises:
            WrongUsage: the text is neither.

        """
        host, rest = split_host(text)
        if host is not None:
            return Named(parse_reference(text), None)
        environment, slash, rest = text.partition("/")
        if not slash:
            raise WrongUsage(
                f"{quoted(text)} is no image.", "Write environment/name:tag or registry.example.com/project/name:tag."
            )
        place = self.configuration.environment(environment)
        name = parse_name(rest, whole=text)
        repository = place.repository(name.repository)
        return Named(ImageReference(place.registry, repository, name.tag, name.digest), environment)

    def repository(self, environment: str, name: str, actions: str) -> Repository:
        """Open the repository of an image of an environment; see `Repository`.

        Raises:
            NotPermitted: the environment's credential cannot be loaded.

        """
        named = self.named(f"{environment}/{name}")
        return self._open(named, self.configuration.environment(environment), actions).repository

    def route(self, origin: Place, target: Place) -> Route | None:
        """Return the configured route between two places.

        Raises:
            WrongUsage: there is one, but not for images of this name.

        """
        route = self.configuration.route(origin.environment, target.environment)
        name = self.image_name(origin)
        if route and not route.takes(name):
            raise WrongUsage(
                f"The route from {route.from_} to {route.to} takes {', '.join(route.images)}, not {name}.",
                "Add the image to the route's `images`, or take another route.",
            )
        if route is None and self.configuration.route(target.environment, origin.environment):
            self._say_once(
                f"the configuration has a route from {target.environment} to {origin.environment}, not this way"
            )
        return route

    def image_name(self, place: Place) -> str:
        """Return an image's name within its environment, or the last part of its repository."""
        repository = place.reference.repository
        if place.environment:
            project = self.configuration.environment(place.environment).project
            return repository.removeprefix(f"{project}/") if project else repository
        return repository.rpartition("/")[2]

    def has_cluster(self, environment: str | None) -> bool:
        """Tell whether an environment names its cluster."""
        return environment is not None and self.configuration.environment(environment).cluster is not None

    def cluster(self, environment: Environment) -> ClusterApi:
        """Open the API of the cluster that an environment is in.

        Raises:
            WrongUsage: the configuration names none, or no usable URL.
            NotPermitted: its credential cannot be loaded.

        """
        from promoter.openshift.api import ClusterApi  # noqa: PLC0415 - most promotions never need it

        cluster = environment.cluster
        if cluster is None:
            raise WrongUsage(
                f"The environment at {environment.registry}/{environment.project} names no cluster.",
                "Give it a `cluster` with the `api`'s URL.",
            )
        trust = Trust(cluster.ca, verify=cluster.tls_verify)
        credential = load_credential(
            cluster.credentials or environment.credentials, environment.registry, user=environment.user
        )
        return ClusterApi(cluster.api, self.http(trust), credential)

    def http(self, trust: Trust, deadline: Deadline | None = None) -> HttpClient:
        """Make a client; it has the command's deadline, or one of its own."""
        agent = f"image-promoter/{__version__}"
        client = HttpClient(
            trust,
            deadline or self.deadline,
            self.patience,
            agent,
            self.say,
            note_unverified=self._note_unverified,
            lulls=self.lulls,
            pace=self.pace,
        )
        self._clients.append(client)
        return client

    def _note_unverified(self, host: str) -> None:
        """Say that whoever is in between could read along."""
        self._say_once(f"TLS is not verified for {host}: tls-verify=false was given.")

    def _say_once(self, line: str) -> None:
        """Say what holds for many requests, or images, alike."""
        with self._noting:
            if line not in self._said:
                self._said.add(line)
                self.say(line)

    def _environment(
        self, named: Named, credentials: str | None, ca: str | None, tls_verify: bool | None
    ) -> Environment:
        """Return how to reach a place: flags win over what the configuration says."""
        host = named.reference.registry
        known = self.configuration.environments.get(named.environment or "", Environment(registry=host))
        return known.but(
            credentials=known.credentials if credentials is None else credentials,
            ca=known.ca if ca is None else ca,
            tls_verify=known.tls_verify if tls_verify is None else tls_verify,
        )

    def _open(self, named: Named, environment: Environment, actions: str) -> Place:
        reference = named.reference
        with self._opening:
            door = self._door(reference.registry, environment)
        repository = Repository(door.session, reference.repository, actions)
        return Place(reference, repository, door.credential, door.trust, named.environment)

    def _door(self, host: str, environment: Environment) -> _Door:
        """Open a registry, or find it open: whoever promotes within one registry meets its challenge once."""
        how = (host, environment.credentials, environment.user, environment.ca, environment.tls_verify)
        if how not in self._doors:
            credential = (
                ANONYMOUS
                if environment.credentials == "anonymous"
                else load_credential(environment.credentials, host, user=environment.user)
            )
            trust = Trust(environment.ca, verify=environment.tls_verify)
            http = self.http(trust)
            session = RegistrySession(host, http, Authenticator(host, http, credential))
            self._doors[how] = _Door(session, credential, trust)
        return self._doors[how]


def is_reserved(tag: str) -> bool:
    """Tell whether a tag belongs to what travels with images, or to what tags were before."""
    return _RESERVED.fullmatch(tag) is not None


def _require_unreserved(reference: ImageReference) -> None:
    """Refuse to promote to a tag that has a use already."""
    if is_reserved(reference.tag or ""):
        raise WrongUsage(
            f"{reference} is no tag to promote to: such names are kept for signatures, referrers and replaced digests.",
            "Take a name that neither begins with sha256- nor ends with .was- and a digest.",
        )
