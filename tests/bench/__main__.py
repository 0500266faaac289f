"""Runs the benchmarks and prints their table; ends with 1 if a number is not reached."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.measuring import Comparison, compare, run
from tests.bench.setting import Setting, setting

FRESH_MEGABYTES = 500
LARGE_MEGABYTES = 1500
MEMORY_LIMIT_KIB = 80 * 1024
FEW, MANY = 5, 21


def fresh_image(place: Setting) -> Comparison:
    """Bring an image into a registry that has nothing of it."""
    source = place.image("fresh", FRESH_MEGABYTES)
    return compare(
        f"fresh image, {FRESH_MEGABYTES} MB",
        lambda _: place.promoter(source, f"{place.fresh()}/shop/web:1"),
        lambda _: place.skopeo(source, f"{place.fresh()}/shop/web:1"),
        FEW,
        1.10,
    )


def unchanged_image(place: Setting) -> Comparison:
    """See that there is nothing to do."""
    source = place.image("unchanged", FRESH_MEGABYTES)
    destination = f"{place.fresh()}/shop/web:1"
    run(place.promoter(source, destination))
    run(place.skopeo(source, destination))
    return compare(
        "unchanged image",
        lambda _: place.promoter(source, destination),
        lambda _: place.skopeo(source, destination),
        MANY,
        1.0,
    )


def same_registry(place: Setting) -> Comparison:
    """Promote within one registry; skopeo's cache is warm, since it brought the image there itself."""
    host = place.fresh()
    run(place.skopeo(place.image("same", FRESH_MEGABYTES), f"{host}/stage/web:1"))
    return compare(
        "same registry",
        lambda number: place.promoter(f"{host}/stage/web:1", f"{host}/ours-{number}/web:1"),
        lambda number: place.skopeo(f"{host}/stage/web:1", f"{host}/theirs-{number}/web:1"),
        MANY,
        1.0,
    )


def start_up(_: Setting) -> Comparison:
    """Start, say the version, and end."""
    promoter = str(Path(sys.executable).with_name("promoter"))
    return compare(
        "promoter --version : python3 -c pass",
        lambda _: [promoter, "--version"],
        lambda _: [sys.executable, "-c", "pass"],
        MANY,
        5.0,
    )


def memory(place: Setting) -> list[tuple[str, int]]:
    """Return the most memory that the helper held for a small and for a large image, in KiB."""
    peaks = []
    for megabytes in (FRESH_MEGABYTES, LARGE_MEGABYTES):
        command = place.promoter(place.image(f"memory-{megabytes}", megabytes), f"{place.fresh()}/shop/web:1")
        peaks.append((f"memory of the helper, image of {megabytes} MB", run(command, watch_memory=True).peak_kib))
    return peaks


def main() -> int:
    """Run everything."""
    with setting() as place:
        comparisons = [case(place) for case in (fresh_image, unchanged_image, same_registry, start_up)]
        peaks = memory(place)
    print("| work | ours (s) | peer (s) | ratio | limit |\n| --- | --- | --- | --- | --- |")
    for row in comparisons:
        print(f"| {row.name} | {row.our_seconds:.3f} | {row.peer_seconds:.3f} | {row.ratio:.2f} | {row.limit:.2f} |")
    print("\n| memory | peak (MiB) | limit |\n| --- | --- | --- |")
    for name, peak in peaks:
        print(f"| {name} | {peak / 1024:.1f} | {MEMORY_LIMIT_KIB / 1024:.0f} |")
    missed = [row.name for row in comparisons if row.ratio > row.limit]
    missed += [name for name, peak in peaks if peak > MEMORY_LIMIT_KIB]
    if missed:
        print(f"\nNot reached: {', '.join(missed)}.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
