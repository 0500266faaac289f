"""docs/install.md, followed word by word: what it says to run is run, in its order, on two empty projects.

`oc` and Jenkins are those of the rigs; the shell, promoter, skopeo, openssl and the registries are real.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.oc import Oc
from tests.support.openshift import openshift
from tests.support.openshift_jenkins import ITS_OWN
from tests.support.promoter import COMMAND
from tests.support.registry_client import resolve
from tests.support.repository import ROOT
from tests.support.tls import CertificateAuthority

DOCUMENT = ROOT / "docs" / "install.md"
REMOVAL = "Remove it all"
# What is not run, by how the lines begin, and why.
NOT_RUN = {
    "git clone ": "the library's URL is made up: these files are in its place",
    "git -C ": "as above",
    "python3 -m venv ": "it would need a package index: promoter is installed already",
    "promoter/bin/pip ": "as above",
}
VALUES = {
    "NON_PRODUCTION_PROJECT": "orders-test",
    "PRODUCTION_PROJECT": "orders",
    "LIBRARY": "https://git.example.org/tools/promoter.git",
    "LIBRARY_VERSION": "1.10",
    "JENKINS": "deployment/jenkins",
}
SIDES = {"non-production": VALUES["NON_PRODUCTION_PROJECT"], "production": VALUES["PRODUCTION_PROJECT"]}
LONGEST_BLOCK_SECONDS = 120


class Block(NamedTuple):
    """A block of shell, and the heading that it stands below."""

    heading: str
    text: str


def blocks() -> Iterator[Block]:
    """Return the document's blocks of shell, in order."""
    heading = ""
    for found in re.finditer(r"^## (.+)|^```sh\n((?:.*\n)*?)```$", DOCUMENT.read_text(), flags=re.MULTILINE):
        if found[1]:
            heading = found[1]
        else:
            yield Block(heading, found[2])


def to_run(block: Block) -> str:
    """Return what is run of a block, with the values in place of those that the document says to replace."""
    lines = [line for line in block.text.splitlines() if not line.startswith(tuple(NOT_RUN))]
    if not block.heading:
        lines = [re.sub(r"^export (\w+)=\S+", lambda name: f"export {name[1]}={VALUES[name[1]]}", one) for one in lines]
    return "\n".join(lines)


class Reader:
    """Somebody who follows the document, from an empty directory, and what they have seen by heading.

    Args:
        directory: where everything is.
        ca: whoever signed all certificates.
        stack: closes it.

    """

    def __init__(self, directory: Path, ca: CertificateAuthority, stack: ExitStack) -> None:
        self.home = directory / "home"
        (self.home / "image-promoter").mkdir(parents=True)
        (self.home / "image-promoter" / "resources").symlink_to(ROOT / "resources")
        self.clusters = {
            side: stack.enter_context(openshift(directory / side, ca, project)) for side, project in SIDES.items()
        }
        self.seen: dict[str, str] = {}
        self._oc = stack.enter_context(Oc(directory, self.clusters, VALUES["JENKINS"], self.home))
        self._exported = directory / "exported"
        self._exported.touch()

    def follow(self, block: Block) -> None:
        """Run a block, with the variables that the ones before it have exported."""
        script = f"set -euo pipefail\nsource {self._exported}\n{to_run(block)}\ndeclare -px >{self._exported}\n"
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=self.home,
            env={"PATH": f"{self._oc.bin}:{COMMAND.parent}:{os.environ['PATH']}", "HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LONGEST_BLOCK_SECONDS,
        )
        self.seen[block.heading] = ran.stdout
        assert ran.returncode == 0, f"{block.text}\n{ran.stdout}"

    def digest(self, side: str) -> str | None:
        """Return what the promoted tag is on a side."""
        found = resolve(self.clusters[side].registry, f"{SIDES[side]}/first", "1")
        return found.digest if found else None

    def secrets(self) -> list[str]:
        """Return all tokens that were given out, and the webhook's secret."""
        webhook = self.clusters["production"].data("Secret", "production-pipeline-webhook-secret-key")
        return [*webhook.values(), *(token for cluster in self.clusters.values() for token in cluster.tokens)]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Iterator[Reader]:
    """Somebody who has followed the document to its end, but for the removal."""
    with ExitStack() as stack:
        reader = Reader(tmp_path_factory.mktemp("install"), ca, stack)
        for block in blocks():
            if block.heading != REMOVAL:
                reader.follow(block)
        yield reader


def test_every_value_and_every_line_that_is_not_run_is_in_the_document() -> None:
    values, *others = blocks()
    assert re.findall(r"^export (\w+)=", values.text, re.MULTILINE) == list(VALUES)
    lines = [line for block in others for line in block.text.splitlines()]
    assert all(sum(line.startswith(beginning) for line in lines) == 1 for beginning in NOT_RUN)
    assert DOCUMENT.read_text().count("```") == 2 * len([values, *others])


@pytest.mark.statement("F1", "F2", "F3", "F9", "P9")
def test_the_first_promotion_is_in_production(reader: Reader) -> None:
    assert reader.digest("production") == reader.digest("non-production") is not None
    seen = reader.seen["7. The first promotion"]
    assert f"digest     {reader.digest('production')}" in seen
    assert re.search(r"let in +promoted .* from \S+/orders-test/first@sha256:", seen)
    assert len(re.findall(r"^\* \S+ +promoted ", seen, re.MULTILINE)) == 1
    [[application], [production]] = ([*cluster.jenkins.runs] for cluster in reader.clusters.values())
    assert (application.result, production.result) == ("SUCCESS", "SUCCESS")
    assert "| Finished: SUCCESS" in application.log


def test_each_step_shows_what_it_says(reader: Reader) -> None:
    shown = {
        "2. The configuration": [
            r'^Context "production" modified\.$',
            r'^    project: "orders"$',
            r'^    ref: "1.10"$',
        ],
        "3. Both sides": [
            r"^ServiceAccount/promotion-trigger created$",
            r"^ServiceAccount/across-project-image-puller created$",
        ],
        "4. The agent images": [r"condition met\n.*condition met\n$"],
        "5. Jenkins": [r"successfully rolled out$"],
        "6. Does it work?": [
            r"^0 failed, (.*\n)+0 failed, .*\n$",
            r"^ +ok +The BuildConfig orders/production-pipeline is",
        ],
    }
    for heading, patterns in shown.items():
        for pattern in patterns:
            assert re.search(pattern, reader.seen[heading], re.MULTILINE), reader.seen[heading]
    again = reader.seen["3. Both sides"].rpartition("written to production.yaml:")[2]
    assert re.findall(r"^(\S+) (?!unchanged)\w+$", again, re.MULTILINE) == [
        "Secret/non-production-cluster-token",
        "Secret/production-pipeline-webhook-secret-key",
    ]


def test_jenkins_has_the_library_that_was_named(reader: Reader) -> None:
    for cluster in reader.clusters.values():
        assert cluster.jenkins.libraries == {"image-promoter": (VALUES["LIBRARY"], VALUES["LIBRARY_VERSION"])}


@pytest.mark.statement("F7")
def test_no_secret_is_left_or_was_shown(reader: Reader) -> None:
    kept = {"promotion.yaml", "non-production-ca.crt", "production-ca.crt"}
    assert {file.name for file in reader.home.iterdir()} == {"image-promoter", *kept}
    logs = [run.log for cluster in reader.clusters.values() for run in cluster.jenkins.runs]
    text = "\n".join([*reader.seen.values(), *logs, *((reader.home / name).read_text() for name in kept)])
    assert len(reader.secrets()) > 5
    assert [secret for secret in reader.secrets() if secret in text] == []


def test_what_is_removed_is_all_there_was(reader: Reader) -> None:
    digest = reader.digest("production")
    [removal] = (block for block in blocks() if block.heading == REMOVAL)
    reader.follow(removal)
    left = {side: {kind for kind, _ in cluster.objects} for side, cluster in reader.clusters.items()}
    # What was promoted stays.
    assert left == {"non-production": set(), "production": set()}
    assert reader.digest("production") == digest
    for cluster in reader.clusters.values():
        assert cluster.jobs == {}
        assert (cluster.jenkins.environment, cluster.jenkins.volumes) == ({"CASC_JENKINS_CONFIG": ITS_OWN}, {})
