"""The pipeline rig: runs Jenkinsfiles and shared-library steps without a Jenkins, as strictly as one."""

from __future__ import annotations

import atexit
import fcntl
import functools
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypedDict, Unpack

PROJECT = Path(__file__).parent / "pipeline_rig"
TARGET = PROJECT / "target"
STOP_SECONDS = 30
INHERITED = ("HOME", "LANG", "PATH")

# Groovy 2.4 is older than Java's modules and looks into these packages by reflection.
JAVA = (
    "java",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xms64m",
    "-Xmn48m",  # a build mostly ends before there is anything to collect
    "-XX:-Inline",  # nor does a method run often enough to be worth a longer compilation,
    "-Dsun.reflect.inflationThreshold=2147483647",  # or a class of its own for its calls by reflection
    "-Dfile.encoding=UTF-8",
    "-Xlog:disable",  # what the virtual machine has to say is no line of the build's
    "-Xlog:all=warning:stderr",
    *(
        f"--add-opens=java.base/java.{package}=ALL-UNNAMED"
        for package in ("io", "lang", "lang.reflect", "net", "nio.file", "text", "time", "util", "util.regex")
    ),
)


@dataclass(frozen=True)
class UsernamePassword:
    """A stored credential of the type "Username with password"."""

    username: str
    password: str = field(repr=False)

    def request(self) -> dict[str, str]:
        """Return what the rig is told of it."""
        return {"type": "Username with password", "username": self.username, "password": self.password}


@dataclass(frozen=True)
class SecretFile:
    """A stored credential of the type "Secret file"."""

    name: str
    content: str = field(repr=False)

    def request(self) -> dict[str, str]:
        """Return what the rig is told of it."""
        return {"type": "Secret file", "name": self.name, "content": self.content}


@dataclass(frozen=True)
class Approve:
    """The answer of a person who lets an input step proceed; parameters left out have no value, not their default."""

    by: str = "admin"
    parameters: Mapping[str, str] = field(default_factory=dict)

    def request(self) -> dict[str, object]:
        """Return what the rig is told of it."""
        return {"kind": "APPROVE", "by": self.by, "parameters": dict(self.parameters)}


@dataclass(frozen=True)
class Reject:
    """The answer of a person who aborts at an input step."""

    by: str = "admin"

    def request(self) -> dict[str, object]:
        """Return what the rig is told of it."""
        return {"kind": "REJECT", "by": self.by}


@dataclass(frozen=True)
class Wait:
    """Nobody has answered the input step: it waits for `RunningPipeline.answer`, a timeout or an abort."""

    def request(self) -> dict[str, object]:
        """Return what the rig is told of it."""
        return {"kind": "WAIT"}


Credential = str | UsernamePassword | SecretFile
Answer = Approve | Reject | Wait


class Settings(TypedDict, total=False):
    """What may be said about one run; everything has a default.

    `credentials` are by their ID, where plain text is a "Secret text"; `inputs` by the input step's ID (which
    begins with a capital letter) or its message: one answer holds each time, several for one time each. `user`
    started the build, "anonymous" being nobody known; None if it was an SCM change. If there is an `upstream_user`,
    a build did that this user started. `environment` is added to the agent's, `checkout` is what `checkout scm`
    copies. `plugins` enables optional steps: `lock`, `milestone`, `pipeline-utility-steps` (readJSON, writeJSON),
    `htmlpublisher`, `kubernetes`. On build number 1 a job does not know its declared parameters yet: a default is in
    `params` alone and not in the environment. `job_parameters` are declared by the job beside those of the script,
    as OpenShift's sync plugin does with whatever a webhook sent. `from_stage` restarts the build before this one
    from that stage of a declarative pipeline.
    """

    parameters: Mapping[str, str]
    job_parameters: Collection[str]
    credentials: Mapping[str, Credential]
    inputs: Mapping[str, Answer | Sequence[Answer]]
    environment: Mapping[str, str]
    checkout: Path | None
    plugins: Collection[str]
    job_name: str
    build_number: int
    user: str | None
    upstream_user: str
    branch_name: str | None
    previous_result: str | None
    from_stage: str | None


@dataclass(frozen=True)
class StageRun:
    """A stage and how it went: SUCCESS, UNSTABLE, FAILED, ABORTED or SKIPPED."""

    name: str
    status: str


@dataclass(frozen=True)
class StepRun:
    """One call of a step, with its arguments by name; closures are left out and secrets masked."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class PipelineRun:
    """A build that has ended.

    `violation` says which rule of the rig the script broke, where Jenkins would only have warned or gone wrong
    in silence; such a build is a FAILURE. `survivors` are the command lines of the processes that `sh` left
    behind; the rig has killed them.
    """

    result: str
    log: str
    description: str | None
    display_name: str
    violation: str | None
    stages: tuple[StageRun, ...]
    steps: tuple[StepRun, ...]
    survivors: tuple[str, ...]
    workspace: Path
    artifacts: Path

    def calls(self, step: str) -> list[Mapping[str, Any]]:
        """Return the arguments of each call of the step, in order."""
        return [each.arguments for each in self.steps if each.name == step]

    def stage(self, name: str) -> str:
        """Return the status of the first stage of that name; KeyError if it was not reached."""
        for each in self.stages:
            if each.name == name:
                return each.status
        raise KeyError(name)


class PipelineError(Exception):
    """The rig itself failed; the message is what it wrote."""


class RunningPipeline:
    """A build in progress; leaving it as a context manager aborts it if it has not ended."""

    def __init__(
        self,
        request: Mapping[str, object],
        on_line: Callable[[str], None] | None = None,
        options: Sequence[str] | None = None,
    ) -> None:
        self._directory = Path(str(request["directory"]))
        self._job = str(request["job"])
        self._on_line = on_line
        self._lines: list[str] = []
        self._begun = threading.Event()
        self._errors = self._directory / "errors.txt"
        with self._errors.open("wb") as errors:
            self._java = subprocess.Popen(
                [*JAVA, *(options or _build_options()), "rig.Main"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=_inherited(),
                start_new_session=True,
            )
        # The request holds secrets, so it goes through a pipe; the pipe's end would abort the build.
        self._send(request)
        self._reader = threading.Thread(target=self._read, args=(self._java.stdout,), daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._java.poll() is None:
            self.abort()
            self.wait()

    @property
    def log(self) -> str:
        """The console log so far."""
        return "\n".join(self._lines)

    @property
    def description(self) -> str | None:
        """The build's description so far."""
        written = self._directory / "description.txt"
        return (written.read_text() or None) if written.exists() else None

    @property
    def workspace(self) -> Path:
        """The workspace of the build's first node."""
        return self._directory / "workspace" / self._job.replace("/", "_")

    def answer(self, name: str, answer: Answer) -> None:
        """Answer the input of that ID or message that waits, or else the next one; PipelineError after the end."""
        self._send({"order": "answer", "input": name, "answer": answer.request()})

    def restart(self) -> None:
        """Restart the controller: the scripts go on from what was saved of them; commands of `sh` run on meanwhile."""
        self._send({"order": "restart"})

    def abort(self) -> None:
        """Stop the build as a person would: a running `sh` gets SIGTERM, post and finally sections run."""
        self._begun.wait()
        self._java.terminate()

    def wait(self, seconds: float = 120) -> PipelineRun:
        """Return the build once it has ended; abort it and raise TimeoutError if that takes too long."""
        try:
            self._java.wait(seconds)
        except subprocess.TimeoutExpired as late:
            self._end()
            raise TimeoutError(f"the build was still running after {seconds} s:\n{self.log}") from late
        self._close()
        if self._java.returncode != 0:
            raise PipelineError(self._errors.read_text() + self.log)
        return self._ended(json.loads((self._directory / "report.json").read_text()))

    def _send(self, order: Mapping[str, object]) -> None:
        stdin = self._java.stdin
        if stdin is None or stdin.closed:
            raise PipelineError("the build has ended")
        try:
            stdin.write(json.dumps(order).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError as gone:
            raise PipelineError("the build has ended") from gone

    def _read(self, stream: IO[bytes]) -> None:
        for raw in stream:
            line = raw.decode(errors="replace").removesuffix("\n")
            self._lines.append(line)
            self._begun.set()
            if self._on_line is not None:
                self._on_line(line)
        self._begun.set()

    def _end(self) -> None:
        self.abort()
        try:
            self._java.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._java.kill()
            self._java.wait()
        self._close()

    def _close(self) -> None:
        self._reader.join()
        for stream in (self._java.stdin, self._java.stdout):
            if stream is not None:
                stream.close()

    def _ended(self, report: Mapping[str, Any]) -> PipelineRun:
        return PipelineRun(
            result=report["result"],
            log=self.log,
            description=report["description"],
            display_name=report["display_name"],
            violation=report["violation"],
            stages=tuple(StageRun(**stage) for stage in report["stages"]),
            steps=tuple(StepRun(**step) for step in report["steps"]),
            survivors=tuple(report["survivors"]),
            workspace=self.workspace,
            artifacts=self._directory / "artifacts",
        )


class PipelineRig:
    """A controller's worth of settings: where builds keep their files, and the shared libraries by name.

    A library has the directories `vars`, `src` and `resources`. It is loaded by `@Library` or `library`; the
    names in `implicit` are loaded without.
    """

    def __init__(
        self, directory: Path, library: Mapping[str, Path] | None = None, implicit: Collection[str] = ()
    ) -> None:
        self._directory = directory
        self._library = library or {}
        self._implicit = implicit

    def run(
        self,
        jenkinsfile: Path | str,
        *,
        on_line: Callable[[str], None] | None = None,
        seconds: float = 120,
        **settings: Unpack[Settings],
    ) -> PipelineRun:
        """Run a Jenkinsfile, or its text, to its end.

        `on_line` gets each line of the log as it comes, on another thread. Raises TimeoutError if the build
        has not ended after so many seconds.
        """
        return self.start(jenkinsfile, on_line=on_line, **settings).wait(seconds)

    def start(
        self,
        jenkinsfile: Path | str,
        *,
        on_line: Callable[[str], None] | None = None,
        **settings: Unpack[Settings],
    ) -> RunningPipeline:
        """Start a Jenkinsfile, or its text."""
        text = jenkinsfile.read_text() if isinstance(jenkinsfile, Path) else jenkinsfile
        return RunningPipeline(self.request(text, **settings), on_line)

    def request(self, jenkinsfile: str, **settings: Unpack[Settings]) -> dict[str, object]:
        """Return what Java is told of a build, once."""
        checkout = settings.get("checkout")
        return {
            "jenkinsfile": jenkinsfile,
            "libraries": {name: str(path) for name, path in self._library.items()},
            "implicit": list(self._implicit),
            "parameters": dict(settings.get("parameters", {})),
            "job_parameters": list(settings.get("job_parameters", ())),
            "credentials": {
                name: {"type": "Secret text", "secret": value} if isinstance(value, str) else value.request()
                for name, value in settings.get("credentials", {}).items()
            },
            "inputs": {name: _prepared(given) for name, given in settings.get("inputs", {}).items()},
            "environment": {
                **_inherited(),
                **settings.get("environment", {}),
            },
            "plugins": list(settings.get("plugins", ())),
            "directory": str(self._new_directory()),
            "shared": str(self._directory),
            "checkout": None if checkout is None else str(checkout),
            "job": settings.get("job_name", "job"),
            "number": settings.get("build_number", 2),
            "user": settings.get("user", "admin"),
            "upstream_user": settings.get("upstream_user"),
            "branch": settings.get("branch_name"),
            "previous_result": settings.get("previous_result"),
            "from_stage": settings.get("from_stage"),
        }

    def _new_directory(self) -> Path:
        builds = self._directory / "builds"
        builds.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="build-", dir=builds))


class Compiler:
    """A Java that compiles for the builds of this process: soon warm, it takes a fraction of what theirs would.

    They take the bytes of classes from it and nothing else. It ends with its standard input, so at the latest with
    this process.
    """

    def __init__(self, options: Sequence[str]) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="compiler-")
        socket = Path(self._directory.name) / "socket"
        errors = socket.with_name("errors.txt")
        self.option = f"-Drig.compiler={socket}"
        with errors.open("wb") as written:
            self._java = subprocess.Popen(
                [*JAVA, *options, "rig.CompilerService", socket],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=written,
                env=_inherited(),
                start_new_session=True,
            )
        if self._java.stdout is None or self._java.stdout.readline() != b"ready\n":
            said = errors.read_text()
            self.stop()
            raise PipelineError(said)

    def stop(self) -> None:
        """End the process, for certain."""
        try:
            self._java.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._java.kill()
            self._java.communicate()
        self._directory.cleanup()


@functools.cache
def _build_options() -> tuple[str, ...]:
    """Return the options of every build's Java, and start the compiler that it asks."""
    compiler = Compiler(classes())
    atexit.register(compiler.stop)
    return (*classes(), compiler.option)


@functools.cache
def classes() -> tuple[str, ...]:
    """Return the options that make Java find the rig's classes; compile them if their sources have changed."""
    TARGET.mkdir(exist_ok=True)
    archive = TARGET / "classes.jsa"
    with (TARGET / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = TARGET / "sources.sha256"
        sources = _digest()
        if not stamp.exists() or stamp.read_text() != sources:
            stamp.unlink(missing_ok=True)
            shutil.rmtree(TARGET / "classes", ignore_errors=True)
            _package()
            _archive(archive)
            stamp.write_text(sources)
    return (f"-XX:SharedArchiveFile={archive}", *_class_path())


def _class_path() -> tuple[str, ...]:
    jars = [TARGET / "pipeline-rig.jar", *sorted((TARGET / "dependency").glob("*.jar"))]
    return ("-cp", ":".join(str(jar) for jar in jars))


def _archive(archive: Path) -> None:
    """Store what Java makes of the classes that a build needs, which is much of what a short build takes."""
    archive.unlink(missing_ok=True)
    typical = PROJECT / "src" / "archive"
    compiler = Compiler(_class_path())
    try:
        with tempfile.TemporaryDirectory() as directory:
            request = PipelineRig(Path(directory), {"archive": typical}).request(
                (typical / "typical.jenkinsfile").read_text(),
                credentials={"token": "secret"},
                inputs={"Go?": Approve()},
                plugins=["lock", "milestone"],
            )
            options = (f"-XX:ArchiveClassesAtExit={archive}", *_class_path(), compiler.option)
            build = RunningPipeline(request, options=options).wait()
    finally:
        compiler.stop()
    if build.violation is None or "Thread.sleep" not in build.violation:
        raise PipelineError(f"the build for the archive went another way:\n{build.log}")


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def _prepared(given: Answer | Sequence[Answer]) -> object:
    return given.request() if isinstance(given, Answer) else [answer.request() for answer in given]


def _package() -> None:
    maven = subprocess.run(["mvn", "-q", "-B", "package"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if maven.returncode != 0:
        raise PipelineError(maven.stdout + maven.stderr)


def _digest() -> str:
    sources = hashlib.sha256()
    for path in [PROJECT / "pom.xml", *sorted((PROJECT / "src").rglob("*"))]:
        if path.is_file():
            sources.update(path.read_bytes())
    return sources.hexdigest()
