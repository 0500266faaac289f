"""The commands: for each, the model of its parameters and the use case that it calls."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from promoter.model import request as requests


class Command(NamedTuple):
    """A command. Its use case is imported only when it runs: start-up time is part of a promotion.

    Args:
        request: the model of its parameters.
        use_case: `module:function`, called with the request and the places.

    """

    request: type[requests.Common]
    use_case: str

    @property
    def help(self) -> str:
        """One line on what it does."""
        return (self.request.__doc__ or "").partition("\n")[0]

    def load(self) -> Callable[..., Any]:
        """Import the use case."""
        module, _, function = self.use_case.partition(":")
        loaded: Callable[..., Any] = getattr(import_module(module), function)
        return loaded


COMMANDS = {
    "promote": Command(requests.PromoteRequest, "promoter.promotion.promote:promote"),
    "release": Command(requests.ReleaseRequest, "promoter.release.release:release"),
    "receive": Command(requests.ReceiveRequest, "promoter.promotion.receive:receive"),
    "sign-off": Command(requests.SignOffRequest, "promoter.promotion.signing_off:sign_off"),
    "await-sign-offs": Command(requests.AwaitSignOffsRequest, "promoter.promotion.awaiting_sign_offs:await_sign_offs"),
    "history": Command(requests.HistoryRequest, "promoter.promotion.history:history"),
    "describe": Command(requests.DescribeRequest, "promoter.streams.describing:describe"),
    "rollback": Command(requests.RollbackRequest, "promoter.release.rollback:rollback"),
    "watch": Command(requests.WatchRequest, "promoter.promotion.watch:watch"),
    "tag": Command(requests.TagRequest, "promoter.streams.tag:tag"),
    "import": Command(requests.ImportRequest, "promoter.streams.importing:import_"),
    "start-build": Command(requests.StartBuildRequest, "promoter.streams.building:start_build"),
    "doctor": Command(requests.DoctorRequest, "promoter.doctor.examination:doctor"),
    "manifests": Command(requests.ManifestsRequest, "promoter.manifests.render:manifests"),
}
