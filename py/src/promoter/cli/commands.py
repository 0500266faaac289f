"""The commands: for each, the model of its parameters and the use case that it calls."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from promoter.model.request import Common


class Command(NamedTuple):
    """A command. What it needs is imported only when it runs: start-up time is part of a promotion.

    Args:
        parameters: `module:class`, the model of its parameters.
        use_case: `module:function`, called with the request and the places.

    """

    parameters: str
    use_case: str

    @property
    def request(self) -> type[Common]:
        """The model of its parameters."""
        model: type[Common] = _load(self.parameters)
        return model

    @property
    def help(self) -> str:
        """One line on what it does."""
        return (self.request.__doc__ or "").partition("\n")[0]

    def load(self) -> Callable[..., Any]:
        """Import the use case."""
        use_case: Callable[..., Any] = _load(self.use_case)
        return use_case


def _load(name: str) -> Any:  # noqa: ANN401 - whatever is called that
    module, _, inner = name.partition(":")
    return getattr(import_module(module), inner)


COMMANDS = {
    "promote": Command("promoter.model.request:PromoteRequest", "promoter.promotion.promote:promote"),
    "release": Command("promoter.model.request:ReleaseRequest", "promoter.release.release:release"),
    "receive": Command("promoter.model.request:ReceiveRequest", "promoter.promotion.receive:receive"),
    "sign-off": Command("promoter.model.request:SignOffRequest", "promoter.promotion.sign_offs.signing:sign_off"),
    "await-sign-offs": Command(
        "promoter.model.request:AwaitSignOffsRequest", "promoter.promotion.sign_offs.awaiting:await_sign_offs"
    ),
    "history": Command("promoter.model.request:HistoryRequest", "promoter.promotion.history:history"),
    "describe": Command("promoter.model.request:DescribeRequest", "promoter.streams.describing:describe"),
    "rollback": Command("promoter.model.request:RollbackRequest", "promoter.release.rollback:rollback"),
    "watch": Command("promoter.model.request:WatchRequest", "promoter.promotion.watch:watch"),
    "tag": Command("promoter.model.request:TagRequest", "promoter.streams.tag:tag"),
    "import": Command("promoter.model.request:ImportRequest", "promoter.streams.importing:import_"),
    "start-build": Command("promoter.model.request:StartBuildRequest", "promoter.streams.building:start_build"),
    "publish": Command("promoter.model.publishing:PublishRequest", "promoter.publishing.publish:publish"),
    "export-bundle": Command("promoter.model.bundle:ExportBundleRequest", "promoter.bundle.export:export_bundle"),
    "import-bundle": Command("promoter.model.bundle:ImportBundleRequest", "promoter.bundle.importing:import_bundle"),
    "doctor": Command("promoter.model.request:DoctorRequest", "promoter.doctor.examination:doctor"),
    "manifests": Command("promoter.model.request:ManifestsRequest", "promoter.manifests.render:manifests"),
    "constraints align": Command("promoter.model.constraints:AlignRequest", "promoter.constraints.aligning:align"),
    "constraints annotate": Command(
        "promoter.model.constraints:AnnotateRequest", "promoter.constraints.annotating:annotate"
    ),
    "constraints check": Command("promoter.model.constraints:CheckRequest", "promoter.constraints.check:check"),
    "constraints parse": Command("promoter.model.constraints:ParseRequest", "promoter.constraints.parsing:parse"),
    "constraints scenario": Command(
        "promoter.model.constraints:ScenarioRequest", "promoter.constraints.scenario:scenario"
    ),
}
