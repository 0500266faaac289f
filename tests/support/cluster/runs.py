"""Running builds: a thread per build calls the runner and moves the Build through its phases."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from . import sync_plugin
from .answers import Document
from .build_configs import is_pipeline, strategy_field
from .logs import BuildLog
from .objects import Objects
from .phases import enter, has_ended

STOP_DEADLINE_S = 10


class BuildError(Exception):
    """Raised by a runner whose build could not even start: phase Error instead of Failed."""


class HookError(Exception):
    """Raised by a runner whose build's post-commit hook failed, so that nothing is pushed."""


class BuildRun:
    """A build as its runner sees it; `parameters` is the Build's env. The runner says in `pushed` what it pushed."""

    def __init__(self, build: Document) -> None:
        metadata, spec = build["metadata"], build["spec"]
        strategy = spec["strategy"][strategy_field(spec)]
        self.project: str = metadata["namespace"]
        self.name: str = metadata["name"]
        self.config: str = build["status"]["config"]["name"]
        self.number = int(metadata["annotations"]["openshift.io/build.number"])
        self.is_pipeline = is_pipeline(build)
        self.serial: bool = metadata["labels"]["openshift.io/build.start-policy"] == "Serial"
        self.jenkinsfile: str = strategy.get("jenkinsfile", "")
        self.parameters: dict[str, str] = {
            variable["name"]: variable.get("value", "") for variable in strategy.get("env", [])
        }
        self.pushed: str | None = None
        self.text = BuildLog()
        self.started = False
        self.finished = False
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def wait_cancelled(self, timeout_s: float | None = None) -> bool:
        """Wait until the build is cancelled or the cluster stops; tell whether that came in time."""
        return self._cancelled.wait(timeout_s)

    def log(self, line: str) -> None:
        """Add a line to the build's log."""
        self.text.write(line)

    def cancel(self) -> None:
        self._cancelled.set()


Runner = Callable[[BuildRun], None]


class Runs:
    """The runs of all builds. A Serial BuildConfig's builds wait for one another as New."""

    def __init__(self, objects: Objects, url: str, runner: Runner) -> None:
        self._objects = objects
        self._url = url
        self._runner = runner
        self._runners: dict[tuple[str, str], Runner] = {}
        self._runs: list[BuildRun] = []
        self._threads: list[threading.Thread] = []

    def use(self, project: str, config: str, runner: Runner) -> None:
        """Run the builds of this BuildConfig with a runner of their own."""
        self._runners[project, config] = runner

    def start(self, build: Document) -> None:
        run = BuildRun(build)
        thread = threading.Thread(target=self._work, args=(run,), name=f"build {run.project}/{run.name}")
        with self._objects.changed:
            self._runs.append(run)
            self._threads.append(thread)
            thread.start()

    def cancel(self, project: str, name: str) -> None:
        """Tell the runner to end, and have the Build Cancelled without waiting for that."""
        run = self.of_build(project, name)
        run.cancel()
        self._enter(run, "Cancelled", reason="CancelledBuild", message="The build was cancelled by the user.")

    def of_build(self, project: str, name: str) -> BuildRun:
        return next(run for run in reversed(self._runs) if (run.project, run.name) == (project, name))

    def of_job(self, project: str, job: str, number: int) -> BuildRun | None:
        """Return the run behind a Jenkins URL, once Jenkins has it."""
        wanted = (project, job, number)
        for run in reversed(self._runs):
            if (run.project, f"{run.project}-{run.config}", run.number) == wanted:
                return run if run.is_pipeline and run.started else None
        return None

    def stop(self) -> None:
        """Cancel what runs, and raise RuntimeError for a runner that does not end within the deadline."""
        for run in self._runs:
            run.cancel()
        self._objects.close()
        deadline = time.monotonic() + STOP_DEADLINE_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for run in self._runs:
            run.text.close()
        if alive := [thread.name for thread in self._threads if thread.is_alive()]:
            raise RuntimeError(f"still running after {STOP_DEADLINE_S} s: {', '.join(alive)}")

    def _work(self, run: BuildRun) -> None:
        try:
            if self._has_turn(run) and self._start(run):
                self._run(run)
        finally:
            run.text.close()
            with self._objects.changed:
                run.finished = True
                self._objects.changed.notify_all()

    def _has_turn(self, run: BuildRun) -> bool:
        """Wait for the earlier builds of a Serial BuildConfig; False if this one ended meanwhile."""
        with self._objects.changed:
            earlier = [other for other in self._runs if run.serial and _is_earlier(other, run)]
            self._objects.changed.wait_for(lambda: all(other.finished for other in earlier) or self._is_over(run))
            return not self._is_over(run)

    def _is_over(self, run: BuildRun) -> bool:
        return self._objects.closed or has_ended(self._objects, run.project, run.name)

    def _start(self, run: BuildRun) -> bool:
        if not self._enter(run, "Pending"):
            return False
        run.started = True
        return self._enter(run, "Running")

    def _run(self, run: BuildRun) -> None:
        phase, reason, message = "Complete", "", ""
        try:
            self._runners.get((run.project, run.config), self._runner)(run)
        except BuildError as error:
            phase, reason, message = "Error", "BuildPodCreationFailed", str(error)
        except HookError:  # not observed; github.com/openshift/api, build/v1: StatusReasonPostCommitHookFailed
            phase, reason, message = "Failed", "PostCommitHookFailed", "Build failed because of post commit hook."
        except Exception as error:  # noqa: BLE001 - whatever a runner raises, it fails its build
            phase, reason, message = "Failed", "GenericBuildFailed", str(error)
        if run.is_pipeline:
            _end_console(run, "Cancelled" if run.cancelled else phase, message)
        run.text.close()
        # Not observed; github.com/openshift/api, build/v1: BuildStatusOutput.
        output = {"to": {"imageDigest": run.pushed}} if phase == "Complete" and run.pushed else {}
        self._enter(run, phase, reason=reason, message=message, output=output)

    def _enter(self, run: BuildRun, phase: str, **status: str | Document) -> bool:
        """A pipeline's Build gets annotations, but no reason or message: the sync plugin sets neither."""
        said = {key: value for key, value in status.items() if value and not run.is_pipeline}
        return enter(self._objects, run.project, run.name, phase, status=said, annotations=self._notes(run, phase))

    def _notes(self, run: BuildRun, phase: str) -> dict[str, str]:
        if not (run.is_pipeline and run.started):
            return {}
        return sync_plugin.build_annotations(self._url, run.project, run.config, run.number, phase)


def _is_earlier(other: BuildRun, run: BuildRun) -> bool:
    return (other.project, other.config) == (run.project, run.config) and other.number < run.number


def _end_console(run: BuildRun, phase: str, message: str) -> None:
    """Jenkins itself ends the log of a run with its result."""
    if message:
        run.log(f"ERROR: {message}")
    run.log(f"Finished: {sync_plugin.RESULT.get(phase, 'FAILURE')}")
