"""What BuildKit makes of Dockerfiles; `python -m tests.dockerfiles.truth` asks it anew, and compares.

The Go program in `buildkit/` is asked. What it says of `cases/` is kept in `expected.json`; what it says of a few
thousand Dockerfiles that are composed at random is compared alone.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from promoter.dockerfiles.reading import read_dockerfile
from promoter.errors import WrongUsage
from tests.dockerfiles.composing import compose

_HERE = Path(__file__).parent
EXPECTED = _HERE / "expected.json"
_COMPOSED = 5000
_SEED = 1
_FIELDS = ("index", "name", "base", "platform", "stage_ref", "line")
_BUILD_SECONDS = 600
_RUN_SECONDS = 120

Outcome = dict[str, Any]


def cases() -> dict[str, bytes]:
    """Return the Dockerfiles that were written for one subject each."""
    return {path.stem: path.read_bytes() for path in sorted((_HERE / "cases").glob("*.Dockerfile"))}


def expected() -> dict[str, Outcome]:
    """Return what BuildKit makes of the cases."""
    outcomes: dict[str, Outcome] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return outcomes


def comparable(outcome: Outcome) -> Outcome:
    """Return an outcome of BuildKit without its words."""
    return {"line": outcome.get("line", 0)} if "refused" in outcome else outcome


def outcome_here(content: bytes) -> Outcome:
    """Return what is made of a Dockerfile here, in the form of BuildKit's outcomes."""
    try:
        dockerfile = read_dockerfile(content, "Dockerfile")
    except WrongUsage as refusal:
        match = re.match(r"Dockerfile(?::([0-9]+))?: ", refusal.message)
        return {"line": int(match[1] or 0) if match else refusal.message}
    outcome: Outcome = {"stages": [{field: getattr(stage, field) for field in _FIELDS} for stage in dockerfile.stages]}
    if dockerfile.sources:
        outcome["sources"] = [source._asdict() for source in dockerfile.sources]
    return outcome


def ask(files: Mapping[str, bytes]) -> dict[str, Outcome]:
    """Build the program, and return what BuildKit makes of the files."""
    question = json.dumps({name: b64encode(content).decode() for name, content in files.items()})
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "buildkit"
        build = ["go", "build", "-o", str(program), "."]
        subprocess.run(build, cwd=_HERE / "buildkit", check=True, timeout=_BUILD_SECONDS)
        answer = subprocess.run(
            [program], input=question, check=True, capture_output=True, text=True, timeout=_RUN_SECONDS
        ).stdout
    outcomes: dict[str, Outcome] = json.loads(answer)
    return outcomes


def main() -> int:
    """Ask BuildKit anew; return 1 if something is made of a Dockerfile here that BuildKit does not make of it."""
    written = cases()
    random = Random(_SEED)
    composed = {f"composed-{number}": compose(random) for number in range(_COMPOSED)}
    outcomes = ask(written | composed)
    kept = {name: outcomes[name] for name in written}
    EXPECTED.write_text(f"{json.dumps(kept, indent=1, ensure_ascii=False)}\n", encoding="utf-8")
    different = 0
    for name, content in (written | composed).items():
        here, there = outcome_here(content), outcomes[name]
        if here != comparable(there):
            different += 1
            print(f"{name}:\n{content!r}\n  here      {here}\n  BuildKit  {there}")
    built = sum("refused" not in outcome for outcome in outcomes.values())
    print(f"{len(outcomes)} Dockerfiles, of which BuildKit takes {built}; {different} are read in another way here")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
