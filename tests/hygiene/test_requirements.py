"""The requirements pin every package that the tests and the helper run with."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.support.repository import ROOT

RUNTIME = ROOT / "py/requirements.txt"
TESTS = ROOT / "tests/requirements.txt"
PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[0-9][A-Za-z0-9.]*)")


def pins(path: Path) -> dict[str, str]:
    """Return the versions by normalised name; a line that is no pin is a ValueError."""
    found = {}
    for line in path.read_text().splitlines():
        pin = PIN.fullmatch(line)
        if pin is None:
            raise ValueError(f"{path.name}: not a pin: {line}")
        found[normalised(pin["name"])] = pin["version"]
    return found


def normalised(name: str) -> str:
    """Return the one spelling under which package names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("line", ["pytest", "pytest>=8", "pytest==8.*", "pytest==8.0 ; python_version > '3'", "-r x"])
def test_what_leaves_the_version_open_is_no_pin(line: str, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(line)
    with pytest.raises(ValueError, match="not a pin"):
        pins(requirements)


def test_no_package_is_pinned_twice() -> None:
    assert pins(RUNTIME).keys() & pins(TESTS).keys() == set()


def test_what_the_helper_depends_on_is_pinned_for_it() -> None:
    project = tomllib.loads((ROOT / "py/pyproject.toml").read_text())["project"]
    names = [re.split(r"[^A-Za-z0-9._-]", dependency)[0] for dependency in project["dependencies"]]
    assert {normalised(name) for name in names} <= pins(RUNTIME).keys()


def test_every_installed_package_is_pinned() -> None:
    installed = {normalised(found.name): found.version for found in distributions()}
    del installed["image-promoter"]
    # setuptools builds the helper and is taken away again.
    assert installed | {"setuptools": pins(TESTS)["setuptools"]} == pins(RUNTIME) | pins(TESTS)
