"""One image: `promoter promote` beside `skopeo copy`, and what starting up and memory take."""

from __future__ import annotations

import sys

from tests.bench.measuring import Command, Comparison, compare, run
from tests.bench.peers import PROMOTER
from tests.bench.setting import Setting
from tests.bench.workloads import MEGABYTE, SOURCE_PROJECT
from tests.support.images import make_image
from tests.support.registry_client import push

FRESH_MEGABYTES = 500
LAYERS = 10
FEW, MANY = 5, 21


def fresh_image(place: Setting) -> Comparison:
    """Bring an image into a registry that has nothing of it."""
    source = image(place, "fresh", FRESH_MEGABYTES)
    return compare(
        f"fresh image, {FRESH_MEGABYTES} MB",
        lambda _: promote(place, source, f"{place.with_password().host}/shop/web:1"),
        lambda _: skopeo(place, source, f"{place.with_password().host}/shop/web:1"),
        FEW,
        1.10,
    )


def unchanged_image(place: Setting) -> Comparison:
    """See that there is nothing to do."""
    source = image(place, "unchanged", FRESH_MEGABYTES)
    destination = f"{place.with_password().host}/shop/web:1"
    run(promote(place, source, destination))
    run(skopeo(place, source, destination))
    return compare(
        "unchanged image",
        lambda _: promote(place, source, destination),
        lambda _: skopeo(place, source, destination),
        MANY,
        1.0,
    )


def same_registry(place: Setting) -> Comparison:
    """Promote within one registry; skopeo's cache is warm, since it brought the image there itself."""
    host = place.with_password().host
    run(skopeo(place, image(place, "same", FRESH_MEGABYTES), f"{host}/stage/web:1"))
    return compare(
        "same registry",
        lambda number: promote(place, f"{host}/stage/web:1", f"{host}/ours-{number}/web:1"),
        lambda number: skopeo(place, f"{host}/stage/web:1", f"{host}/theirs-{number}/web:1"),
        MANY,
        1.0,
    )


def start_up(_: Setting) -> Comparison:
    """Start, say the version, and end."""
    return compare(
        "promoter --version : python3 -c pass",
        lambda _: Command([PROMOTER, "--version"]),
        lambda _: Command([sys.executable, "-c", "pass"]),
        MANY,
        5.0,
    )


def image(place: Setting, tag: str, megabytes: int) -> str:
    """Push an image of that size, in ten layers, to the source, and return its reference."""
    repository = f"{SOURCE_PROJECT}/web"
    made = make_image([megabytes * MEGABYTE // LAYERS] * LAYERS, media="docker", seed=f"bench-{megabytes}")
    push(made, place.source, repository, tag)
    return f"{place.source.host}/{repository}:{tag}"


def promote(place: Setting, source: str, destination: str) -> Command:
    """Return the command that promotes."""
    sides = {"source": source, "destination": destination}
    flags = [f"--{side}-credentials=authfile:{place.authfile(at)}" for side, at in sides.items()]
    trust = [f"--{side}-ca={place.ca.certificate}" for side in sides]
    return Command([PROMOTER, "promote", source, destination, *flags, *trust])


def skopeo(place: Setting, source: str, destination: str) -> Command:
    """Return the command that copies with nothing but skopeo."""
    flags = [f"--src-authfile={place.authfile(source)}", f"--dest-authfile={place.authfile(destination)}"]
    trust = [f"--src-cert-dir={place.certificates}", f"--dest-cert-dir={place.certificates}"]
    images = [f"docker://{source}", f"docker://{destination}"]
    return Command(["skopeo", "copy", "--quiet", "--all", "--preserve-digests", *flags, *trust, *images])
