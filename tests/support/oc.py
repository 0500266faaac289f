"""A stand-in for `oc`: what installing takes of it, on the clusters of the rigs; anything else fails.

What it does and says follows github.com/openshift/oc and kubectl.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer
from threading import Thread
from urllib.parse import urlsplit

import yaml

from tests.support.cluster.phases import TERMINAL
from tests.support.openshift import OpenShift
from tests.support.servers import Served
from tests.support.waiting import wait_until

_LONGEST_BUILD_SECONDS = 90
_KINDS = {
    "buildconfig": "BuildConfig",
    "configmap": "ConfigMap",
    "cronjob": "CronJob",
    "imagestream": "ImageStream",
    "networkpolicy": "NetworkPolicy",
    "role": "Role",
    "rolebinding": "RoleBinding",
    "secret": "Secret",
    "serviceaccount": "ServiceAccount",
}
# Sends its arguments, and its input if it is told to read it, and does as it is answered.
_CLIENT = """#!{python} -IS
import json, socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({socket!r})
    with connection.makefile("rw") as stream:
        command = " ".join(sys.argv[1:])
        stdin = sys.stdin.read() if command.endswith("--filename -") else ""
        print(json.dumps([command, stdin]), file=stream, flush=True)
        code, out, err = json.loads(stream.readline())
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""


class Failed(Exception):
    """The command says this, and ends with exit code 1."""


class Oc(Served):
    """The command `oc` in the directory `bin`, of somebody who is logged in to these clusters.

    Args:
        directory: its own.
        clusters: by the names of their contexts.
        jenkins: the workload that Jenkins is there, such as `deployment/jenkins`.
        home: where relative paths begin.

    """

    def __init__(self, directory: Path, clusters: Mapping[str, OpenShift], jenkins: str, home: Path) -> None:
        self.bin = directory / "bin"
        self._clusters, self._jenkins, self._home = clusters, jenkins, home
        self._projects: dict[str, str] = {}
        self._server = _Server(self, directory / "oc.socket")
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._usages: dict[str, Callable[..., Iterable[str]]] = {
            "extract KIND/NAME --keys KEY --to -": self._extract,
            "registry info --public": lambda cluster: [cluster.registry.host],
            "whoami --show-server": lambda cluster: [cluster.api.url],
            "whoami --show-token": lambda cluster: [cluster.token_of_a_person()],
            "get route jenkins --output jsonpath={.spec.host}": lambda cluster: [urlsplit(cluster.api.url).netloc],
            "apply --filename FILE": self._apply,
            "wait build/NAME --for jsonpath={.status.phase}=Complete --timeout DURATION": self._wait_for_build,
            "wait job/NAME --for condition=complete --timeout DURATION": self._wait_for_job,
            "logs job/NAME": self._logs,
            "create job NAME --from cronjob/ORIGIN": self._create_job,
            "create configmap NAME --from-file FILE": self._create_config_map,
            "set volume JENKINS --add --name NAME --type configmap --configmap-name MAP --mount-path PATH": self._mount,
            "set volume JENKINS --remove --name NAME": self._unmount,
            "set env JENKINS SETTINGS...": self._set_env,
            "rollout status JENKINS": self._restart,
            "tag SOURCE TARGET": self._tag,
            "start-build NAME --wait": self._build,
            "delete --selector LABEL=VALUE KINDS": self._delete_labelled,
            "delete KIND NAME": self._delete,
        }

    def start(self) -> None:
        """Put the command into `bin`, and answer it from now on."""
        self.bin.mkdir()
        command = self.bin / "oc"
        command.write_text(_CLIENT.format(python=sys.executable, socket=self._server.server_address))
        command.chmod(0o755)
        self._thread.start()

    def stop(self) -> None:
        """Answer no longer."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def run(self, command: str, stdin: str) -> tuple[int, str, str]:
        """Return the exit code of a command, and what it prints."""
        try:
            lines = list(self._lines(command, stdin))
        except (Failed, KeyError, ValueError, TimeoutError) as error:
            return 1, "", f"error: {error}\n"
        return 0, "".join(f"{line}\n" for line in lines), ""

    def _lines(self, command: str, stdin: str) -> Iterable[str]:
        if switch := _matched("config set-context CONTEXT --namespace PROJECT", command):
            return self._set_context(**switch)
        if where := _matched("--context CONTEXT COMMAND...", command):
            for usage, action in self._usages.items():
                if (given := _matched(usage, where["command"])) is not None:
                    if given.pop("jenkins", self._jenkins) != self._jenkins:
                        raise Failed(f"there is no such workload, but {self._jenkins}")
                    if "file" in given:
                        given["text"] = stdin if given["file"] == "-" else (self._home / given["file"]).read_text()
                    return action(self._cluster(where["context"]), **given)
        raise Failed(f"the rig does not know `oc {command}`")

    def _set_context(self, context: str, project: str) -> Iterable[str]:
        if context not in self._clusters:
            raise Failed(f"there is no context {context}")
        self._projects[context] = project
        yield f'Context "{context}" modified.'

    def _cluster(self, context: str) -> OpenShift:
        cluster = self._clusters[context]
        if self._projects.get(context) != cluster.name:
            raise Failed(f"the context {context} is not in the project {cluster.name}")
        return cluster

    def _extract(self, cluster: OpenShift, kind: str, name: str, key: str) -> Iterable[str]:
        yield cluster.data(_KINDS[kind], name)[key].removesuffix("\n")

    def _apply(self, cluster: OpenShift, file: str, text: str) -> Iterable[str]:
        return cluster.apply([found for found in yaml.safe_load_all(text) if found])

    def _wait_for_build(self, cluster: OpenShift, name: str, duration: str) -> Iterable[str]:
        cluster.api.wait_for_phase(cluster.name, name, "Complete")
        yield f"build.build.openshift.io/{name} condition met"

    def _wait_for_job(self, cluster: OpenShift, name: str, duration: str) -> Iterable[str]:
        if cluster.jobs[name].exit_code:
            raise Failed(f"timed out waiting for the condition on jobs/{name}")
        yield f"job.batch/{name} condition met"

    def _logs(self, cluster: OpenShift, name: str) -> Iterable[str]:
        return f"{cluster.jobs[name].stderr}{cluster.jobs[name].stdout}".splitlines()

    def _create_job(self, cluster: OpenShift, name: str, origin: str) -> Iterable[str]:
        cluster.run_job(name, origin)
        yield f"job.batch/{name} created"

    def _create_config_map(self, cluster: OpenShift, name: str, file: str, text: str) -> Iterable[str]:
        data = {Path(file).name: text}
        return cluster.apply([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}])

    def _mount(self, cluster: OpenShift, name: str, path: str, **given: str) -> Iterable[str]:
        cluster.jenkins.volumes[name] = (path, given["map"])
        yield f"{self._jenkins} volume updated"

    def _unmount(self, cluster: OpenShift, name: str) -> Iterable[str]:
        del cluster.jenkins.volumes[name]
        yield f"{self._jenkins} volume updated"

    def _set_env(self, cluster: OpenShift, settings: str) -> Iterable[str]:
        for setting in settings.split():
            name, given, value = setting.partition("=")
            if given:
                cluster.jenkins.environment[name] = value
            else:
                del cluster.jenkins.environment[name.removesuffix("-")]
        yield f"{self._jenkins} updated"

    def _restart(self, cluster: OpenShift) -> Iterable[str]:
        cluster.jenkins.restart()
        yield f"{self._jenkins} successfully rolled out"

    def _tag(self, cluster: OpenShift, source: str, target: str) -> Iterable[str]:
        cluster.store(target, cluster.images[source])
        yield f"Tag {target} set to {source}."

    def _build(self, cluster: OpenShift, name: str) -> Iterable[str]:
        build = cluster.api.start_build(cluster.name, name)

        def phase() -> str:
            return str(cluster.api.build(cluster.name, build)["status"]["phase"])

        wait_until(lambda: phase() in TERMINAL, f"the build {build} to end", _LONGEST_BUILD_SECONDS)
        if phase() != "Complete":
            raise Failed(f'the build {cluster.name}/{build} status is "{phase()}"')
        yield f"build.build.openshift.io/{build} started"

    def _delete_labelled(self, cluster: OpenShift, label: str, value: str, kinds: str) -> Iterable[str]:
        singular = {kind.replace("policies", "policys").removesuffix("s") for kind in kinds.split(",")}
        for kind, name in list(cluster.objects):
            labels = cluster.objects[kind, name]["metadata"].get("labels", {})
            if labels.get(label) == value and kind in {_KINDS[one] for one in singular}:
                yield from self._delete(cluster, kind.lower(), name)

    def _delete(self, cluster: OpenShift, kind: str, name: str) -> Iterable[str]:
        cluster.delete(_KINDS[kind], name)
        yield f'{kind} "{name}" deleted'


class _Server(ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, oc: Oc, path: Path) -> None:
        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                command, stdin = json.loads(self.rfile.readline())
                self.wfile.write(json.dumps(oc.run(command, stdin)).encode() + b"\n")

        super().__init__(str(path), Handler)


def _matched(usage: str, command: str) -> dict[str, str] | None:
    """Return what stands for the parameters of a usage, its words in upper case, if the command is used so."""

    pattern = re.escape(usage)
    pattern = re.sub(r"\b([A-Z]{2,})\\\.\\\.\\\.", lambda word: f"(?P<{word[1].lower()}>.+)", pattern)
    pattern = re.sub(r"\b(KIND|NAME)\b", lambda word: rf"(?P<{word[1].lower()}>[^\s/]+)", pattern)
    pattern = re.sub(r"\b([A-Z]{2,})\b", lambda word: rf"(?P<{word[1].lower()}>\S+)", pattern)
    matched = re.fullmatch(pattern, command)
    return matched.groupdict() if matched else None
