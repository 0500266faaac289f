"""What docs/jenkins.md says that Jenkins says is what the steps and the helper say, or Jenkins itself."""

from __future__ import annotations

import re

import pytest

from tests.support.repository import ROOT

DOCUMENT = (ROOT / "docs/jenkins.md").read_text(encoding="utf-8")
TABLE = DOCUMENT.partition("\n| what Jenkins says | why | what to do |\n| --- | --- | --- |\n")[2]
CELLS = re.findall(r"^\| (.+?) \| ", TABLE, re.MULTILINE)
SAID = {saying for cell in CELLS for saying in re.findall(r"`([^`]+)`", cell)}

OF_JENKINS = {
    "Could not find any definition of libraries [image-promoter]",
    "No version … found for library image-promoter",
    "No such DSL method 'promoteImage' found",
    "No such DSL method 'call' found",
    "Only using first definition of library image-promoter",
    "[Pipeline] node",
    "promoter: not found",
    "Could not find credentials entry with ID 'production-pipeline-webhook-secret-text'",
    "Credentials '…' is of type … where '…StringCredentials' was expected",
    "X is not parameterized",
    "Trying to acquire lock on [Resource: promotion of …]",
    "You need to be … to submit this",
    "Aborted by …",
    "Pausing",
    "Resuming build … after Jenkins restart",
}
"""What Jenkins, its plugins and the agent's shell say."""


def sources() -> str:
    """Return what is written in the steps and the helper, with texts that go on in another line put together."""
    files = [*(ROOT / "vars").glob("*.groovy"), *(ROOT / "py/src/promoter").rglob("*.py")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return re.sub(r"""(['"])(?: \+)?\n\s*f?\1""", "", text)


def test_what_jenkins_says_is_still_in_the_table() -> None:
    assert OF_JENKINS < SAID


@pytest.mark.parametrize("saying", sorted(SAID - OF_JENKINS))
def test_each_message_is_in_the_sources(saying: str) -> None:
    written = re.escape(saying).replace("…", ".+").replace("137", r"\$\{status\}")
    assert re.search(written, sources())
