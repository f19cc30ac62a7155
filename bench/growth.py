"""What each step takes for a unit, a photo, an item or an answer, at growing sizes: flat, or more the more there are?

    python -m bench growth        or, larger: python -m bench.growth --sizes 1000,10000,100000 > figures.json

Photos of 64 × 48 pixels and a network of milliseconds, so that what grows is ours. Each size has a process, a database and a
folder of its own. Its answers are a hundred times as many as its photos; a study asks about a tenth of its photos.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.own_site import in_own_site

SIZES, QUICK_SIZES = "1000,4000,16000", "40,80"
CHILD = "BENCH_GROWTH"
NETWORK = {"name": "small", "load": "timm:test_efficientnet", "weights": "random"}
METHODS = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]
CLASSES = ("hammer", "solar dish", "tabby", "goldfish")
STEPS = {  # step -> what it is, and its unit
    "import": ("photos come in", "photo"),
    "f1": ("`f1`: what the network says of them", "photo"),
    "precompute": ("`precompute`, three methods", "photo"),
    "nothing to make": ("`precompute` again: nothing is left", "photo"),
    "evaluate": ("`evaluate`, protocol `paper`", "photo"),
    "nothing to evaluate": ("`evaluate` again: nothing is left, and the table", "photo"),
    "ready": ("a study is made ready: rows, pictures, hashes", "item"),
    "open": ("it is opened: trials, frozen and hashed", "item"),
    "results": ("the summary of its answers", "answer"),
}
FLAT = 1.3
"""A step is flat where a unit takes no more than so many times what it takes at the smallest size."""


def measure(size: int) -> list[dict]:
    """The rows of one size: of each step its units, seconds, and those of processors."""
    from django.core.management import call_command

    from explain.networks.registry import add_network, load_network

    call_command("migrate", verbosity=0)
    network = add_network(**NETWORK)[0]
    load_network(network)
    rows: list[dict] = []

    def step(name: str, units: int, do: Callable[[], object]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        do()
        taken = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append({"step": name, "size": size, "units": units, **taken, "mb": round(peak)})
        print(f"  {size:,} {name}: {taken['seconds']:.1f} s", file=sys.stderr, flush=True)

    with TemporaryDirectory() as folder:
        inbox = photos(Path(folder), size)
        step("import", size, lambda: _call("import_images", str(inbox), "--set", "grown", "--yes"))
    asked = ["grown", "--networks", network.name, "--methods", ",".join(METHODS)]
    step("f1", size, lambda: _call("f1", "grown", "--network", network.name))
    step("precompute", size, lambda: _call("precompute", *asked, "--inline"))
    step("nothing to make", size, lambda: _call("precompute", *asked, "--inline"))
    step("evaluate", size, lambda: _call("evaluate", *asked))
    step("nothing to evaluate", size, lambda: _call("evaluate", *asked))
    _study(size // 10, network.name, step)
    _answers(100 * size, step)
    return rows


def photos(folder: Path, count: int) -> Path:
    """So many photos, each another one, in a folder for each class."""
    import numpy as np
    from PIL import Image

    for name in CLASSES:
        (folder / name).mkdir()
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 255, (6, 8, 3), dtype=np.uint8)
        photo = Image.fromarray(pixels).resize((64, 48), Image.Resampling.BICUBIC)
        photo.save(folder / CLASSES[number % len(CLASSES)] / f"{number}.jpg", quality=90)
    return folder


def _call(*words: str) -> None:
    import contextlib
    import io

    from django.core.management import call_command

    with contextlib.redirect_stderr(io.StringIO()):
        call_command(*words, stdout=io.StringIO())


def _study(items: int, network: str, step: Callable[[str, int, Callable[[], object]], None]) -> None:
    from studies.lifecycle import create_study, open_study, prepare_pictures
    from studies.lifecycle.similarity import measure as compare
    from studies.models import Study
    from studies.protocol import check_protocol

    arms = [{"network": network, "method": method} for method in METHODS[:2]]
    design = {"seed": 1, "responses_per_item": 4, "trials_per_participant": 10}
    protocol = {
        "version": 1,
        "slug": "grown",
        "title": "grown",
        "task": "choice",
        "arms": arms,
        "design": design,
    }
    protocol["photos"] = {"set": "grown", "limit": items}

    def ready() -> None:
        study = create_study(protocol=check_protocol(protocol))
        prepare_pictures(study)

    step("ready", items, ready)
    study = Study.objects.get(slug="grown")
    compare(study)
    step("open", items, lambda: open_study(study=study, alike_seen=True, simulated_only=True))


def _answers(count: int, step: Callable[[str, int, Callable[[], object]], None]) -> None:
    from bench import answers
    from studies.models import Study
    from studies.results import part_of
    from studies.results.answers import Reading
    from studies.results.summary import summarise

    answers.fill(count)
    study = Study.objects.get(slug=f"size-{count}")
    step("results", count, lambda: summarise(Reading(study, part_of(study))))


def markdown(results: dict) -> str:
    part = results["growth"]
    machine, rows = part["machine"], part["rows"]
    sizes = sorted({row["size"] for row in rows})
    lines = [
        "# Growth: seconds for a unit, at growing sizes",
        "",
        f"Written by `python -m bench growth`. {machine['cpu']}, {machine['cores']} cores, load average {machine['load']}"
        f"{_loaded(machine)}. Photos of 64 × 48 pixels, {NETWORK['load']}, {', '.join(METHODS)}; a study of a tenth of the photos with two "
        "arms; a hundred answers for each photo. Milliseconds of processors for a unit (and of the clock); the last column is the "
        f"largest size's over the smallest's, of processors: up to {FLAT} it is flat.",
        "",
        f"| step | unit | {' | '.join(f'{size:,} photos' for size in sizes)} | largest / smallest |",
        f"|---|---|{'---:|' * (len(sizes) + 1)}",
    ]
    for name, (what, unit) in STEPS.items():
        of_step = {row["size"]: row for row in rows if row["step"] == name}
        cells = [
            f"{_each(of_step[size], 'cpu'):.3g} ({_each(of_step[size], 'seconds'):.3g})" for size in sizes
        ]
        ratio = _each(of_step[sizes[-1]], "cpu") / _each(of_step[sizes[0]], "cpu")
        lines.append(
            f"| {what} | {unit} | {' | '.join(cells)} | {ratio:.2f}{'' if ratio <= FLAT else ' GROWS'} |"
        )
    peaks = [max(row["mb"] for row in rows if row["size"] == size) for size in sizes]
    lines.append(
        f"| MB of the process at its peak | | {' | '.join(map(str, peaks))} | {peaks[-1] / peaks[0]:.2f} |"
    )
    return "\n".join([*lines, ""])


def _each(row: dict, what: str) -> float:
    """Milliseconds for a unit."""
    return 1000 * row[what] / row["units"]


def _loaded(machine: dict) -> str:
    busy = machine["load"] > machine["cores"]
    return ": others worked on it, so times of the clock are too long" if busy else ""


def main() -> None:
    if CHILD in os.environ:
        size = int(os.environ[CHILD])
        in_own_site(lambda: print(json.dumps(measure(size))))
        return
    from bench.timing import machine

    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"sizes {QUICK_SIZES}")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sizes", help=f"numbers of photos, separated by commas; {SIZES} by default")
    options = parser.parse_args()
    sizes = options.sizes or (QUICK_SIZES if options.quick else SIZES)
    rows: list[dict] = []
    for size in sizes.split(","):
        done = subprocess.run(
            [sys.executable, "-m", "bench.growth"],
            env=os.environ | {CHILD: size, "OMP_NUM_THREADS": str(options.threads)},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"bench: growth at {size} photos failed; the lines above say why")
        rows += json.loads(done.stdout.splitlines()[-1])
    print(json.dumps({"rows": rows, "machine": machine()}))


if __name__ == "__main__":
    main()
