"""The Pipelines of the contract's jobs, and what the stub does in their place."""

from __future__ import annotations

from tests.support.jenkins import BuildRun, Runner

GREET = 'echo "who=${params.WHO} choice=${params.CHOICE} flag=${params.FLAG} extra=${params.EXTRA}"'
DECLARES = "properties([parameters([string(name: 'WHO', defaultValue: 'nobody')])])"
FAILS = "error 'no such tag'"
IS_UNSTABLE = "unstable 'half of it'"
IS_NOT_BUILT = "currentBuild.result = 'NOT_BUILT'"
SLEEPS = "echo 'asleep'\nsleep 120"


def string(name: str, default: str = "") -> str:
    """Return a string parameter as a job's configuration has it."""
    return _definition("String", name, f"<defaultValue>{default}</defaultValue>")


def boolean(name: str) -> str:
    return _definition("Boolean", name, "<defaultValue>false</defaultValue>")


def choice(name: str, *choices: str) -> str:
    values = "".join(f"<string>{one}</string>" for one in choices)
    return _definition(
        "Choice", name, f'<choices class="java.util.Arrays$ArrayList"><a class="string-array">{values}</a></choices>'
    )


def _definition(kind: str, name: str, rest: str) -> str:
    tag = f"hudson.model.{kind}ParameterDefinition"
    return f"<{tag}><name>{name}</name>{rest}</{tag}>"


def _greet(run: BuildRun) -> None:
    values = {name.lower(): run.parameters.get(name, "null") for name in ("WHO", "CHOICE", "FLAG", "EXTRA")}
    run.log(" ".join(f"{name}={value}" for name, value in values.items()))


def _fail(run: BuildRun) -> None:
    raise ValueError("no such tag")


def _be_unstable(run: BuildRun) -> None:
    run.result = "UNSTABLE"


def _be_not_built(run: BuildRun) -> None:
    run.result = "NOT_BUILT"


def _sleep(run: BuildRun) -> None:
    run.log("asleep")
    run.aborted.wait(120)


RUNNERS: dict[str, Runner] = {
    GREET: _greet,
    FAILS: _fail,
    IS_UNSTABLE: _be_unstable,
    IS_NOT_BUILT: _be_not_built,
    SLEEPS: _sleep,
}
