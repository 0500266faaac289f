"""Builds an image with one file of an application in its last layer, and pushes it with skopeo."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.images import Image, make_image, make_layer

_BASE_LAYERS = (6_000_000, 2_000_000, 500_000)


def build(file: Path) -> Image:
    """Return an image of three base layers and the application's file."""
    base = [make_layer(size, f"base-{size}") for size in _BASE_LAYERS]
    return make_image([*base, make_layer(file)], media="docker", labels={"org.opencontainers.image.title": file.stem})


def write_directory(image: Image, directory: Path) -> None:
    """Write an image as skopeo's `dir:` transport has it."""
    (directory / "version").write_text("Directory Transport Version: 1.1\n")
    (directory / "manifest.json").write_bytes(image.content)
    for blob in image.blobs:
        with (directory / blob.digest.removeprefix("sha256:")).open("wb") as file, blob.open() as content:
            shutil.copyfileobj(content, file)


def push(image: Image, destination: str, authfile: str, ca: str) -> None:
    """Push an image with skopeo."""
    with TemporaryDirectory() as directory, TemporaryDirectory() as certificates:
        write_directory(image, Path(directory))
        shutil.copy(ca, Path(certificates) / "ca.crt")
        flags = [f"--authfile={authfile}", f"--dest-cert-dir={certificates}"]
        command = ["skopeo", "copy", "--quiet", "--preserve-digests", *flags]
        subprocess.run([*command, f"dir:{directory}", f"docker://{destination}"], check=True)


def main() -> None:
    """Build and push what the command line names: REGISTRY AUTHFILE CA FILE NAME TAG."""
    registry, authfile, ca, file, name, tag = sys.argv[1:]
    destination = f"{registry}/{name}:{tag}"
    push(build(Path(file)), destination, authfile, ca)
    print(f"pushed {destination}")


if __name__ == "__main__":
    main()
