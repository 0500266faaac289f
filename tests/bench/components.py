"""`promoter constraints check` on as many components as a real product has, and no faster peer than the clock."""

from __future__ import annotations

from pathlib import Path

from tests.bench.measuring import Command, Comparison, compare
from tests.bench.peers import PROMOTER
from tests.bench.setting import Setting

COMPONENTS = 250
SECONDS = 2
_TIMES = 5
_STREAMS = 40
_CI = "registry.ci.openshift.org/ocp"

# What a real group has besides what is asked for: 4 kB in each file.
_MORE = "".join(f"owners_{number}: [team-{number}@example.com, 'also {{MAJOR}}.{{MINOR}}']\n" for number in range(80))
_RUN = "".join(f"RUN make part-{number} && \\\n    # a comment\n    make install-{number}\n" for number in range(20))


def checked_components(place: Setting) -> Comparison:
    """Check all components of a product, each with a checkout."""
    metadata, sources = place.directory / "metadata", place.directory / "sources"
    write_product(metadata, sources, COMPONENTS)
    return compare(
        f"check {COMPONENTS} components : sleep {SECONDS}",
        lambda _: Command([PROMOTER, "constraints", "check", str(metadata), "--sources", str(sources)]),
        lambda _: Command(["sleep", str(SECONDS)]),
        _TIMES,
        1.0,
    )


def write_product(metadata: Path, sources: Path, components: int) -> None:
    """Write the metadata of a product, and the checkouts of its components, all of them as the metadata asks."""
    _write(metadata / "group.yml", "name: openshift-{MAJOR}.{MINOR}\nvars: {MAJOR: 4, MINOR: 16}\n")
    _write(metadata / "streams.yml", "".join(map(_stream, range(_STREAMS))))
    _write(
        metadata / "images/base.yml", f"name: openshift/ose-base\nfrom: {{stream: stream-0}}\nmode: disabled\n{_MORE}"
    )
    for number in range(components):
        key, stream = f"component-{number}", number % _STREAMS
        parents = f"from: {{builder: [{{stream: stream-{stream}}}], member: base}}\n"
        _write(metadata / f"images/{key}.yml", f"name: openshift/ose-{key}\n{parents}{_MORE}")
        dockerfile = (
            f"FROM {_CI}/builder:4.16-{stream} AS builder\n{_RUN}FROM {_CI}/4.16:base\nCOPY --from=builder /a /b\n"
        )
        _write(sources / key / "Dockerfile", dockerfile)


def _stream(number: int) -> str:
    image, upstream = f"openshift/golang-builder:v1.{number}", f"{_CI}/builder:{{MAJOR}}.{{MINOR}}-{number}"
    return f'stream-{number}: {{image: "{image}", upstream_image: "{upstream}"}}\n'


def _write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
