"""The Pipelines of the contract's jobs, and what the stub does in their place."""

from __future__ import annotations

from tests.support.jenkins import BuildRun, Runner

GREET = 'echo "who=${params.WHO} choice=${params.CHOICE} flag=${params.FLAG} extra=${params.EXTRA}"'
NAMES = 'echo "who=${params.WHO} of ${params.keySet().sort().join(" ")}"'
DECLARES = "properties([parameters([string(name: 'WHO', defaultValue: 'nobody')])])"
FAILS = "error 'no such tag'"
IS_UNSTABLE = "unstable 'half of it'"
IS_NOT_BUILT = "currentBuild.result = 'NOT_BUILT'"
SLEEPS = "echo 'asleep'\nsleep 120"
ASKS = """\
def given = input(message: 'Go?', id: 'gate', submitterParameter: 'WHO', parameters: [string(name: 'WHY')])
echo "who=${given.WHO} why=${given.WHY}"
"""


def _greet(run: BuildRun) -> None:
    values = {name.lower(): run.parameters.get(name, "null") for name in ("WHO", "CHOICE", "FLAG", "EXTRA")}
    run.log(" ".join(f"{name}={value}" for name, value in values.items()))


def _name(run: BuildRun) -> None:
    run.log(f"who={run.parameters['WHO']} of {' '.join(sorted(run.parameters))}")


def _fail(run: BuildRun) -> None:
    raise ValueError("no such tag")


def _be_unstable(run: BuildRun) -> None:
    run.result = "UNSTABLE"


def _be_not_built(run: BuildRun) -> None:
    run.result = "NOT_BUILT"


def _ask(run: BuildRun) -> None:
    answer = run.ask("Gate", ["WHY"])
    run.log(f"who={answer['WHO']} why={answer['WHY']}")


def _sleep(run: BuildRun) -> None:
    run.log("asleep")
    run.aborted.wait(120)


RUNNERS: dict[str, Runner] = {
    GREET: _greet,
    NAMES: _name,
    FAILS: _fail,
    IS_UNSTABLE: _be_unstable,
    IS_NOT_BUILT: _be_not_built,
    SLEEPS: _sleep,
    ASKS: _ask,
}
