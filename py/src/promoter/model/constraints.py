"""The parameters and results of the commands `constraints …`."""

from __future__ import annotations

from typing import Literal

from promoter.model.base import Document, Model, option, required
from promoter.model.failure import Failure, Several
from promoter.model.inconsistency import CONFIG_MAP, Inconsistency
from promoter.model.request import Common

Decision = Literal["as-desired", "mapped-back", "metadata", "not-an-equivalent", "cardinality-mismatch"]
"""What was decided about a stage; all but `mapped-back` are built with what the metadata says, if they are built."""


class MetadataRequest(Common):
    """Which components of which metadata, and how git repositories are reached."""

    metadata: str = required("directory with group.yml, streams.yml and images/, or a git URL with #REF behind it")
    component: tuple[str, ...] = option(
        "only this component: the name of its file in images/, without .yml; all that are built if left out",
        default=(),
        metavar="NAME",
    )
    git_credentials: tuple[str, ...] = option(
        "credential source of the token that opens the repositories of a host by HTTPS; it is sent to that host alone",
        default=(),
        metavar="HOST=SOURCE",
    )
    git_ca: str | None = option(
        "PEM file with the authority to trust for the repositories' servers", default=None, metavar="FILE"
    )


class CheckRequest(MetadataRequest):
    """Say what the product's components are built with, and which Dockerfiles are not as its build metadata asks."""

    sources: str | None = option(
        "directory with a checkout for each component, named like it or like its repository; for one component also "
        "its checkout, or its Dockerfile; fetched by git if left out",
        default=None,
        metavar="DIR",
    )
    fuzzy: bool = option(
        "before the freeze, honour a FROM line also by the versions of golang and RHEL in its tag", default=False
    )
    ci: bool = option("say instead which builder image CI should use, from the FROM lines", default=False)


class ParseRequest(Common):
    """Say what the stages of a Dockerfile are built on, as BuildKit reads it; with --json as a list."""

    file: str = required("the Dockerfile")


class ScenarioRequest(Common):
    """Show day by day, on a small product, what is built with what around a change of golang and the freeze."""


class ParsedStage(Model):
    """One stage of a Dockerfile.

    Args:
        index: which stage it is, counted from 0.
        name: its name in lower case, if it has one.
        base: the image or the stage that it is built on, with the default arguments filled in.
        platform: what `--platform` says, if it says something.
        stage_ref: the index of the earlier stage that `base` names, if it names one.

    """

    index: int
    name: str | None
    base: str
    platform: str | None
    stage_ref: int | None


class ParseResult(Model):
    """The stages of a Dockerfile; for programs they are a list.

    Args:
        stages: the stages, in order.

    """

    stages: tuple[ParsedStage, ...]

    def to_document(self) -> Document:
        """Return the stages alone."""
        return [stage.to_dict() for stage in self.stages]


class StageCheck(Model):
    """One stage of a Dockerfile that is built on an image.

    Args:
        index: which stage it is, counted from 0.
        name: its name, if it has one.
        found: the image that its FROM line names.
        desired: the image that it is to name; nothing where what the metadata says has no CI equivalent.
        builds_with: the product image that it is built with; nothing where that cannot be told.
        decision: how that was decided: `as-desired`; `mapped-back` to another stream's image; `metadata` where that
            alone decides; `not-an-equivalent` of one stream; `cardinality-mismatch` if nobody can tell which FROM line
            belongs to which parent.
        why: the same in words.

    """

    index: int
    name: str | None
    found: str
    desired: str | None
    builds_with: str | None
    decision: Decision
    why: str


class ComponentCheck(Model):
    """How a component stands to the metadata.

    Args:
        component: its key in the metadata.
        tag: the tag that it has in a release.
        consistent: whether all FROM lines are as desired.
        builds_with: the product images that it is built with; none where that cannot be told.
        desired: the images that its FROM lines are to name, in order; nothing for what has no CI equivalent.
        found: the images that they name, in order.
        codes: what is inconsistent, such as `i1`.
        messages: what the codes mean, in the same order.
        stages: its Dockerfile's stages that are built on images.

    """

    component: str
    tag: str
    consistent: bool
    builds_with: tuple[str, ...]
    desired: tuple[str | None, ...]
    found: tuple[str, ...]
    codes: tuple[str, ...]
    messages: tuple[str, ...]
    stages: tuple[StageCheck, ...]


class FailedComponent(Model):
    """A component that could not be looked at.

    Args:
        component: the component.
        error: why.

    """

    component: str
    error: Failure


class CheckResult(Several):
    """The components that were checked, and those that could not be.

    Args:
        error: what went wrong on the whole: of kind `refused` if one is inconsistent, or why some could not be checked;
            its exit code is the command's. Absent if nothing did.
        metadata: the group's name.
        components: those that were checked.
        failed: those that could not be.

    """

    metadata: str
    components: tuple[ComponentCheck, ...]
    failed: tuple[FailedComponent, ...]


class CiBuilder(Model):
    """The images that CI should build and test a component with.

    Args:
        component: the component.
        builder: the image of the FROM line that its binaries are built in.
        build_root: the image that its tests run in: what CI has built on the builder, or else the builder itself.
        build_root_image: the same as `.ci-operator.yaml` has it: namespace, name and tag; nothing if it has no tag.

    """

    component: str
    builder: str
    build_root: str
    build_root_image: dict[str, str] | None


class CiResult(Several):
    """The images for CI (`--ci`).

    Args:
        metadata: the group's name.
        components: the images, component by component.
        failed: the components whose images could not be told.

    """

    metadata: str
    components: tuple[CiBuilder, ...]
    failed: tuple[FailedComponent, ...]


class ScenarioDay(Model):
    """One day of the scenario.

    Args:
        day: which one.
        event: what happened.
        frozen: whether the freeze has begun.
        components: how the components stand after it.

    """

    day: str
    event: str
    frozen: bool
    components: tuple[ComponentCheck, ...]


class ScenarioResult(Model):
    """The days of the scenario.

    Args:
        days: the days, in order.

    """

    days: tuple[ScenarioDay, ...]


LeftAlone = Literal["disabled", "no-equivalent", "cardinality-mismatch"]
"""Why a component is not aligned; a cardinality mismatch is for people to look at."""

AlignmentStatus = Literal["aligned", "differs", "opened", "updated", "unchanged", "closed", "waiting", LeftAlone]
"""What became of a component's alignment; `unchanged` is an open pull request that is up to date."""

Urgency = Literal["blocker", "urgent", "normal"]
URGENCIES: tuple[Urgency, ...] = ("blocker", "urgent", "normal")
"""After the freeze, near it, and before."""


class AlignRequest(MetadataRequest):
    """Make Dockerfiles name what the product's build metadata asks for: as patches, or as pull requests."""

    sources: str | None = option(
        "directory with a checkout for each component, named like it or like its repository; for one component also "
        "its checkout; fetched by git if left out",
        default=None,
        metavar="DIR",
    )
    patch: str | None = option("directory to write the patches to, as COMPONENT.patch", default=None, metavar="DIR")
    pull_requests: bool = option(
        "keep a pull request for each component and branch, at the configuration's `pull-requests`", default=False
    )
    dry_run: bool = option("look at everything and say what would happen; change nothing", default=False)
    list: bool = option("list the open pull requests instead, the most urgent first", default=False)
    freeze: str | None = option(
        "day of the freeze, such as 2026-11-21, for --list: urgent from two weeks before it, a blocker from then on",
        default=None,
        metavar="DATE",
    )


class BaseChange(Model):
    """A FROM line that is to name another image.

    Args:
        stage: its stage, counted from 0.
        found: the image that it names.
        desired: the image that it is to name.

    """

    stage: int
    found: str
    desired: str


class ComponentAlignment(Model):
    """What became of a component, or would in a dry run.

    Args:
        component: the component.
        status: `aligned` if there is nothing to do; `differs` if there is a patch; `opened`, `updated`, `unchanged`,
            `closed` or `waiting` for its pull request, `unchanged` being one that is up to date; `disabled`,
            `no-equivalent` or `cardinality-mismatch` if it is left alone, the last of them for people to look at.
        changes: its FROM lines that are not as desired yet.
        patch: the patch for its repository, as text.
        file: where the patch was written to, byte for byte.
        url: its pull request.
        why: why it is left alone or closed, or what it waits for.

    """

    component: str
    status: AlignmentStatus
    changes: tuple[BaseChange, ...] = ()
    patch: str | None = None
    file: str | None = None
    url: str | None = None
    why: str | None = None


class AlignResult(Several):
    """What became of the components.

    Args:
        metadata: the group's name.
        dry_run: whether nothing was to be changed.
        components: what became of each.
        failed: those that something is wrong with.

    """

    metadata: str
    dry_run: bool
    components: tuple[ComponentAlignment, ...]
    failed: tuple[FailedComponent, ...]


class OpenAlignment(Model):
    """An open pull request.

    Args:
        component: the component.
        branch: the branch of its repository that it goes into.
        url: its page.
        title: its title.
        age_days: how many days it is open.
        urgency: `blocker` after the freeze, `urgent` near it, `normal` before.

    """

    component: str
    branch: str
    url: str
    title: str
    age_days: int
    urgency: Urgency


class OpenAlignmentsResult(Several):
    """The open pull requests (`--list`).

    Args:
        metadata: the group's name.
        freeze: the day of the freeze, if it was named.
        alignments: the open pull requests, the most urgent first, then the oldest.
        failed: the components whose pull requests could not be looked for.

    """

    metadata: str
    freeze: str | None
    alignments: tuple[OpenAlignment, ...]
    failed: tuple[FailedComponent, ...]


class AnnotateRequest(Common):
    """Note what is inconsistent about components on their image stream's tags, and all of it on a release's tag."""

    stream: str = required("the image stream whose tags are named after their components: environment/stream")
    tag: tuple[str, ...] = option(
        "codes of what is inconsistent about a component: TAG=CODE,CODE; TAG= if it is consistent",
        default=(),
        metavar="TAG=CODES",
    )
    from_check: str | None = option(
        "result of `promoter constraints check`: the codes of all its components, where --tag does not say others",
        default=None,
        metavar="FILE",
    )
    release: str | None = option(
        "the release's tag, which gets what all tags of the image stream say: environment/stream:tag",
        default=None,
        metavar="TAG",
    )
    messages: str = option(
        "ConfigMap of the image stream's project that says what codes mean", default=CONFIG_MAP, metavar="NAME"
    )
    dry_run: bool = option("look at everything and say what would happen; change nothing", default=False)


class AnnotatedTag(Model):
    """What became of a component's tag.

    Args:
        tag: its name.
        status: `annotated`; `unchanged` if it said so already; `planned` in a dry run.
        codes: what is inconsistent about its component; none if it is consistent.

    """

    tag: str
    status: Literal["annotated", "unchanged", "planned"]
    codes: tuple[str, ...]


class AnnotateResult(Model):
    """What became of the annotations.

    Args:
        status: `annotated`; `unchanged` if all tags said so already; `planned` in a dry run.
        stream: the components' image stream: `environment/stream`.
        tags: what became of its tags.
        release: the release's tag; nothing if none was named.
        inconsistencies: what all tags of the image stream say together.

    """

    status: Literal["annotated", "unchanged", "planned"]
    stream: str
    tags: tuple[AnnotatedTag, ...]
    release: str | None
    inconsistencies: tuple[Inconsistency, ...]
