"""The agent image, as `make agent-image` built it: what is in it, what is not, and that it promotes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import promoter
from tests.agent_image.conftest import AGENT, AGENT_BASE
from tests.support.containers import configuration, listing
from tests.support.repository import ROOT, repository_files
from tests.support.restricted_pod import RestrictedPod
from tests.support.shop import Shop, make

HELPER = "opt/promoter/lib/python3.11/site-packages/promoter/"
# Caches, and whatever builds or installs.
LEFTOVER = re.compile(
    r"^(tmp|var/tmp|root|var/cache/(apt|dnf|yum)|var/lib/apt/lists)/."
    r"|(^|/)\.(cache|config|local)(/|$)"
    r"|(^|/)(pip[\d.]*|setuptools|ensurepip|wheel)(-[^/]*)?(/|$)"
    r"|/s?bin/(cc|gcc|g\+\+|c\+\+|ld|make|buildah|git)[^/]*$"
    r"|\.(whl|egg-info|pth)$"
)


@pytest.mark.statement("F8")
def test_the_helper_and_skopeo_run(pod: RestrictedPod) -> None:
    version = pod.run("promoter", "--version")
    assert (version.exit_code, version.stdout) == (0, f"promoter {promoter.__version__}\n")
    assert pod.run("skopeo", "--version").exit_code == 0


def test_the_helper_is_whole(agent_root: Path) -> None:
    package = ROOT / "py/src/promoter"
    files = {str(path.relative_to(package)) for path in repository_files() if path.is_relative_to(package)}
    assert files <= {path.removeprefix(HELPER) for path in listing(agent_root)}


def test_its_user_is_known_to_no_file(pod: RestrictedPod) -> None:
    identity = pod.run("id")
    assert identity.stdout.strip() == "uid=1000680000 gid=0(root) groups=0(root)"
    assert pod.run("sh", "-c", "echo $HOME").stdout == "/\n"
    assert pod.run("touch", "/file").exit_code == 1


def test_bad_input_is_refused(shop: Shop) -> None:
    ended = shop.run("promote", "stage/web:1.0", "prod/Web")
    assert ended.exit_code == 2
    assert "prod/Web" in ended.error["message"]


def test_it_examines_what_is_configured(shop: Shop) -> None:
    shop.routes = [{"from": "stage", "to": "prod", "images": [shop.name]}]
    examined = shop.run("doctor")
    findings = examined.result["findings"]
    assert [one for one in findings if one["status"] == "failed"] == []
    assert {one["subject"] for one in findings} >= {"this machine", "environment stage", "environment prod"}
    assert examined.exit_code == 0


@pytest.mark.statement("R4")
@pytest.mark.parametrize("read_only", [False, True], ids=["writable", "read-only"])
def test_it_promotes_and_leaves_nothing_behind(shop: Shop, pod: RestrictedPod, agent_root: Path) -> None:
    image = make("oci index", shop.name)
    shop.stage.push(image)
    before = listing(agent_root)
    promoted = shop.promote()
    assert promoted.result["status"] == "promoted", promoted.stderr
    assert shop.prod.digest() == image.digest
    assert listing(agent_root) == before
    assert list(pod.temporary.iterdir()) == []
    assert {path.name for path in pod.workspace.iterdir()} == {"promotion.yaml", "ca.crt", "tmp"}


def test_it_keeps_the_user_and_the_entrypoint_of_its_base() -> None:
    base, agent = configuration(AGENT_BASE), configuration(AGENT)
    for key in ("User", "Entrypoint", "WorkingDir"):
        assert agent[key] == base[key]


def test_its_labels_say_what_it_is() -> None:
    prefix = "org.opencontainers.image."
    labels = configuration(AGENT)["Labels"]
    assert labels[f"{prefix}title"] == "image-promoter-agent"
    assert labels[f"{prefix}licenses"] == "Apache-2.0"
    assert labels[f"{prefix}version"] == promoter.__version__
    assert re.fullmatch("[0-9a-f]{40}", labels[f"{prefix}revision"])


def test_nothing_of_its_build_is_left(agent_root: Path, base_root: Path) -> None:
    added = listing(agent_root).keys() - listing(base_root).keys()
    assert "opt/promoter/bin/promoter" in added
    assert sorted(filter(LEFTOVER.search, added)) == []


def test_it_takes_nothing_from_its_base(agent_root: Path, base_root: Path) -> None:
    assert listing(base_root).keys() - listing(agent_root).keys() == set()


def test_it_adds_no_program_that_runs_as_somebody_else(agent_root: Path, base_root: Path) -> None:
    def privileged(root: Path) -> set[str]:
        return {path for path, facts in listing(root).items() if facts.startswith("-") and "s" in facts.split()[0]}

    assert privileged(base_root)
    assert privileged(agent_root) == privileged(base_root)


def test_the_helper_cannot_be_changed_from_inside(pod: RestrictedPod) -> None:
    searched = pod.run("find", "/opt/promoter", "/usr/local/bin", "-writable")
    assert (searched.exit_code, searched.stdout) == (0, "")


def test_the_helper_is_compiled(agent_root: Path) -> None:
    files = {path for path in listing(agent_root) if path.startswith(HELPER)}
    sources = {path for path in files if path.endswith(".py")}
    assert f"{HELPER}cli/main.py" in sources
    assert {re.sub(r"([^/]+)\.py$", r"__pycache__/\1.cpython-311.pyc", path) for path in sources} <= files
