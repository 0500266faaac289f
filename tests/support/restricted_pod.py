"""A container as a restricted pod has it, run from an image's file system without a container engine."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.containers import AS_ROOT
from tests.support.promoter import LONGEST_RUN_SECONDS, Outcome

WORKSPACE = "/home/jenkins/agent"
_REVISION = "..2026_01_31_12_00_00.123456789"
_ENTER = f"""
set -eu
root=$1 secrets=$2 workspace=$3 temporary=$4
shift 4
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind /etc/hosts "$root/etc/hosts"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root/run/secrets/kubernetes.io"
mount -o bind,ro "$secrets" "$root/run/secrets/kubernetes.io"
mount --bind "$workspace" "$root{WORKSPACE}"
if [ "$temporary" ]; then
    mount -o remount,bind,ro "$root"
    mount --bind "$temporary" "$root/tmp"
fi
exec chroot "$root" \
    setpriv --reuid 1000680000 --regid 0 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
    env --ignore-environment --chdir={WORKSPACE} HOME=/ PATH=/usr/local/bin:/usr/bin:/bin "$@"
"""


class RestrictedPod:
    """What OpenShift's restricted policy makes of an image: a user that no file names, in group 0, and no capabilities.

    Its home is `/`, its `workspace` an emptyDir, its Secrets are mounted as the kubelet does. The network is the
    machine's own.

    Args:
        root: the container's file system.
        directory: its own; what is mounted comes from there.
        secrets: the mounted Secrets by name, each with its keys; `serviceaccount` is the pod's own account.
        read_only: nothing of `root` can be written, and `/tmp` is an emptyDir, which is `temporary`.

    """

    def __init__(
        self, root: Path, directory: Path, secrets: Mapping[str, Mapping[str, str]], *, read_only: bool = False
    ) -> None:
        self.workspace = _empty_directory(directory / "workspace")
        self.temporary = _empty_directory(directory / "temporary")
        mounted = directory / "secrets"
        mounted.mkdir()
        for name, keys in secrets.items():
            _project(keys, mounted / name)
        paths = (root, mounted, self.workspace, self.temporary if read_only else "")
        isolated = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
        self.prefix = (*AS_ROOT, *isolated, "sh", "-c", _ENTER, "pod", *map(str, paths))

    def run(self, *command: str) -> Outcome:
        """Run a command in it to its end."""
        ended = subprocess.run(
            [*self.prefix, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_RUN_SECONDS,
            check=False,
        )
        return Outcome(ended.returncode, ended.stdout, ended.stderr)


def _empty_directory(path: Path) -> Path:
    path.mkdir(parents=True)
    path.chmod(0o1777)
    return path


def _project(keys: Mapping[str, str], directory: Path) -> None:
    """Write a Secret as the kubelet does: links to files of a revision, so that all of them change at once."""
    (directory / _REVISION).mkdir(parents=True)
    (directory / "..data").symlink_to(_REVISION)
    for key, value in keys.items():
        (directory / _REVISION / key).write_text(value)
        (directory / key).symlink_to(f"..data/{key}")
