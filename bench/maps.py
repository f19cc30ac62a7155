"""From photo to screen: `precompute` beside decoding and one plain forward pass, bytes of a map, and making a study ready.

Photos are crops of the sample photos, another one each, of the size that ImageNet's have. Everything lies in a database and
a folder of its own that are removed at the end.
"""

import csv
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.own_site import in_own_site

METHODS = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]
NETWORK = {"name": "efficientnet-lite0", "load": "package:efficientnet_lite0"}
SAMPLES = Path("samples/photos")
BATCH = 16
PHOTOS, FEW = 250, 48
SLOWEST_ELSEWHERE = 0.6
SLOWEST, MOST_BYTES, MOST_SECONDS = 1.15, 1536, 6.0


def main() -> None:
    in_own_site(_measure)


def _measure() -> None:
    from django.core.management import call_command

    from bench.timing import options, report
    from explain.networks.registry import add_network, load_network
    from explain.photos.importer import import_images

    quick = options().quick
    count, repeats = (FEW, 1) if quick else (PHOTOS, 3)
    call_command("migrate", verbosity=0)
    with TemporaryDirectory() as folder:
        photos = import_images(path=crops(Path(folder), count), set_name="bench").image_set
    network = add_network(**NETWORK)[0]
    load_network(network)
    rows = [_precompute(photos, network, repeats), *_precompute_elsewhere(photos, network, repeats)]
    rows += [_bytes(photos, network), *_ready(photos, network, repeats)]
    report([row | {"photos": count} for row in rows])


def crops(folder: Path, count: int) -> Path:
    """So many photos of 500 × 375 pixels with the samples' classes, and their manifest."""
    from PIL import Image

    with (SAMPLES / "manifest.csv").open(encoding="utf-8", newline="") as file:
        samples = list(csv.DictReader(file))
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["file", "class_index", "class_name"])
        for number in range(count):
            sample = samples[number % len(samples)]
            photo = Image.open(SAMPLES / sample["file"]).convert("RGB")
            edge = 2 * (number // len(samples)) + 1
            box = (edge, edge, photo.width - edge, photo.height - edge)
            name = f"{number}.jpg"
            photo.resize((500, 375), box=box).save(folder / name, quality=90)
            lines.writerow([name, sample["class_index"], sample["class_name"]])
    return folder


def _precompute(photos, network, repeats: int) -> dict:
    """Seconds of `precompute` beside those of decoding, preprocessing and one plain eager forward pass, in turns."""
    pairs = []
    for _ in range(repeats):
        _forget_maps()
        pairs.append((_times(lambda: _plain(photos, network)), _times(lambda: _run(photos, network))))
        print(f"  precompute: {pairs[-1]}", file=sys.stderr, flush=True)
    plain, ours = min(pairs, key=lambda pair: pair[1].wall)
    return {
        "what": "precompute",
        "plain": round(plain.wall, 2),
        "ours": round(ours.wall, 2),
        "ratio": round(statistics.median(ours.wall / plain.wall for plain, ours in pairs), 3),
        "of_cpu": round(statistics.median(ours.cpu / plain.cpu for plain, ours in pairs), 3),
    }


def _precompute_elsewhere(photos, network, repeats: int) -> list[dict]:
    """The same with TRUNK_BACKEND=auto, beside the same plain pass of PyTorch; nothing where no other program is installed."""
    from django.test import override_settings

    from explain.networks.registry import load_network

    with override_settings(TRUNK_BACKEND="auto"):
        backend = load_network(network).backend
        if backend == "torch":
            return []
        return [_precompute(photos, network, repeats) | {"what": "elsewhere", "backend": backend}]


def _plain(photos, network) -> None:
    import torch

    from explain.networks.registry import load_network
    from explain.photos import pixels_of

    net, images = load_network(network), list(photos.images.order_by("pk"))
    for start in range(0, len(images), BATCH):
        batch = torch.stack([net.preprocess(pixels_of(image)) for image in images[start : start + BATCH]])
        with torch.no_grad():
            net.module(batch)


def _run(photos, network) -> None:
    from explain.maps import plan_run, run_pending

    run_pending(plan_run(image_set=photos, networks=[network], methods=METHODS), lambda: None)


def _forget_maps() -> None:
    from explain.models import ExplanationMap, Prediction

    ExplanationMap.objects.all().delete()
    Prediction.objects.all().delete()


def _bytes(photos, network) -> dict:
    """Bytes that a map takes on the disk: what the database and the folder of files grow by, in whole blocks."""
    from explain.models import ExplanationMap

    _forget_maps()
    before = _database() + _files()
    _run(photos, network)
    maps = ExplanationMap.objects.count()
    row = ExplanationMap.objects.first()
    each = (_database() + _files() - before) / maps
    return {"what": "bytes", "cells": f"{row.height} × {row.width}", "maps": maps, "each": round(each)}


def _database() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute("PRAGMA page_size")
        return pages * cursor.fetchone()[0]


def _files() -> int:
    from django.conf import settings

    return sum(path.stat().st_blocks * 512 for path in Path(settings.MEDIA_ROOT).rglob("*"))


def _ready(photos, network, repeats: int) -> list[dict]:
    """Seconds until a study of all photos has its rows and pictures with their hashes; those of comparing its arms apart.

    Photos' own pictures are among what is made, although photos that came in by the site have theirs already.
    """
    from explain.core import parallel
    from explain.models import ExplanationMap, Image
    from studies.lifecycle import create_study, prepare_pictures
    from studies.lifecycle.similarity import measure
    from studies.protocol import check_protocol

    times: dict[str, list[_Times]] = {"ready": [], "one thread": [], "compared": []}
    threads = parallel.MOST_THREADS
    for number in range(repeats):
        for what in ("ready", "one thread"):
            Image.objects.update(picture="")
            ExplanationMap.objects.update(overlay="", masked="", heat="")
            parallel.MOST_THREADS = 1 if what == "one thread" else threads
            made = []

            def make(slug: str = f"{what.replace(' ', '-')}-{number}", made: list = made) -> None:
                made.append(create_study(protocol=check_protocol(_protocol(slug, photos, network))))
                prepare_pictures(made[0])

            times[what].append(_times(make))
        parallel.MOST_THREADS = threads
        times["compared"].append(_times(lambda study=made[0]: measure(study)))
        print(f"  ready: {times}", file=sys.stderr, flush=True)
    return [
        {
            "what": what,
            "seconds": round(min(each.wall for each in taken), 2),
            "cpu": round(min(each.cpu for each in taken), 2),
            "arms": len(METHODS),
        }
        for what, taken in times.items()
    ]


def _protocol(slug: str, photos, network) -> dict:
    return {
        "version": 1,
        "slug": slug,
        "title": slug,
        "task": "choice",
        "photos": {"set": photos.name},
        "arms": [{"network": network.name, "method": method} for method in METHODS],
        "design": {"seed": 1, "responses_per_item": 4, "trials_per_participant": 10},
    }


class _Times(NamedTuple):
    """Seconds on the clock, and those of processors: a busy machine makes the first longer."""

    wall: float
    cpu: float


def _times(run: Callable[[], object]) -> _Times:
    start = _Times(time.perf_counter(), time.process_time())
    run()
    return _Times(time.perf_counter() - start.wall, time.process_time() - start.cpu)


def _elsewhere(made: dict | None) -> list[tuple]:
    if made is None:
        return []
    return [
        (
            f"the same by {made['backend']} (`TRUNK_BACKEND=auto`), over decoding and the pass of PyTorch",
            f"{made['ours']} s over {made['plain']} s: {made['ratio']:.2f} × ({made['of_cpu']:.2f} × of processors' time)",
            f"≤ {SLOWEST_ELSEWHERE} ×",
            made["ratio"] <= SLOWEST_ELSEWHERE,
        )
    ]


def markdown(results: dict) -> str:
    part = results["maps"]
    machine, rows = part["machine"], {row["what"]: row for row in part["rows"]}
    made, stored, ready = rows["precompute"], rows["bytes"], rows["ready"]
    threads = rows["one thread"]["seconds"] / ready["seconds"]
    seconds = MOST_SECONDS * ready["photos"] / PHOTOS
    bounds = [
        (
            f"`precompute`, {len(METHODS)} methods, over decoding, preprocessing and one plain forward pass",
            f"{made['ours']} s over {made['plain']} s: {made['ratio']:.2f} × ({made['of_cpu']:.2f} × of processors' time)",
            f"≤ {SLOWEST} ×",
            made["ratio"] <= SLOWEST,
        ),
        *_elsewhere(rows.get("elsewhere")),
        (
            f"a map of {stored['cells']} on the disk: rows, indexes and files in whole blocks",
            f"{stored['each']:,} bytes",
            f"≤ {MOST_BYTES:,}",
            stored["each"] <= MOST_BYTES,
        ),
        (
            f"{ready['photos']} items with {ready['arms']} arms made ready: rows, pictures, hashes",
            f"{ready['seconds']} s ({ready['cpu']} s of processors; {threads:.1f} × as fast as on one thread)",
            f"≤ {seconds:g} s",
            ready["seconds"] <= seconds,
        ),
        (
            "how alike the arms of these look, measured",
            f"{rows['compared']['seconds']} s",
            "",
            None,
        ),
    ]
    lines = [
        "# From photo to screen",
        "",
        f"Written by `python -m bench maps`. {machine['cpu']}, {machine['cores']} cores, load average at the end {machine['load']}. "
        f"{ready['photos']} photos of 500 × 375 pixels, {NETWORK['name']}, {', '.join(METHODS)}. Times are the least of a few turns, the ratio is their median.",
        "",
        "| what | measured | bound | |",
        "|---|---:|---:|---|",
    ]
    words = {True: "kept", False: "MISSED", None: ""}
    lines += [f"| {what} | {found} | {bound} | {words[kept]} |" for what, found, bound, kept in bounds]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
