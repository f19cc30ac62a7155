"""50,000 small photos in the official layout: memory, speed, and what a stop half-way costs.

    python -m bench.import_photos [--photos 50000] [--to bench/RESULTS-import.md]

Everything lies in a folder of its own that is removed at the end. The import runs in a process of its own, is stopped
(SIGINT) when a third of the photos are in, and is run again to the end; then every photo is checked to be there once.
"""

import argparse
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from bench.timing import machine

SIDE = (64, 48)
SYNSETS = ("n01440764", "n02119789", "n04258138", "n03481172", "n01882714")
LIMIT_MB = 500


def lay_out(root: Path, photos: int) -> None:
    """The flat folder, the list of synsets, and an XML of boxes for each photo."""
    rng = np.random.default_rng(1)
    (root / "val").mkdir()
    (root / "bbox").mkdir()
    truth = []
    for number in range(1, photos + 1):
        stem, synset = f"ILSVRC2012_val_{number:08d}", SYNSETS[number % len(SYNSETS)]
        pixels = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)).resize(SIDE)
        file = io.BytesIO()
        pixels.save(file, "JPEG")
        (root / "val" / f"{stem}.JPEG").write_bytes(file.getvalue())
        (root / "bbox" / f"{stem}.xml").write_text(
            f"<annotation><size><width>{SIDE[0]}</width><height>{SIDE[1]}</height></size><object><name>{synset}</name>"
            f"<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>{number % 40 + 5}</ymax></bndbox></object></annotation>"
        )
        truth.append(f"{stem} {synset}\n")
    (root / "truth.txt").write_text("".join(truth))


def manage(root: Path, *words: str) -> subprocess.Popen:
    environment = os.environ | {
        "DATA_DIR": str(root / "data"),
        "DATABASE_URL": f"sqlite:///{root / 'bench.sqlite3'}",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # where this runs in the background it is ignored
    )


def in_database(root: Path) -> int:
    script = "from explain.models import Image; print(Image.objects.count())"
    return int(manage(root, "shell", "-v0", "-c", script).communicate()[0] or 0)


def watched(process: subprocess.Popen, until=lambda: False) -> tuple[float, float, str]:
    """Peak memory in MB, seconds and output of an import, stopped with Ctrl-C as soon as `until()`."""
    start, peak, stopped, checked = time.perf_counter(), 0, False, 0.0
    seen = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            peak = max(peak, seen.memory_info().rss)
        except psutil.Error:
            break
        if not stopped and time.perf_counter() > checked + 5:
            checked = time.perf_counter()
            if until():
                process.send_signal(signal.SIGINT)
                stopped = True
        time.sleep(0.02)
    return peak / 1e6, time.perf_counter() - start, process.communicate()[0]


def measure(photos: int, in_place: bool) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lay_out(root, photos)
        manage(root, "migrate", "-v0").communicate()
        words = [
            "import_images",
            str(root / "val"),
            "--set",
            "val",
            "--ground-truth",
            str(root / "truth.txt"),
        ]
        words += ["--yes", "--boxes", str(root / "bbox"), "--json", *(["--in-place"] if in_place else [])]
        first, first_s, _ = watched(manage(root, *words), lambda: in_database(root) > photos / 3)
        kept = in_database(root)
        second, second_s, said = watched(manage(root, *words))
        done = json.loads(said)
        third, third_s, said = watched(manage(root, *words))
        again = json.loads(said)
    return {
        "photos": photos,
        "in_place": in_place,
        "peak_mb": round(max(first, second, third)),
        "stopped_at": kept,
        "added_after": done["added"],
        "already_there": done["already_there"],
        "in_set": again["photos"],
        "added_by_a_third_run": again["added"],
        "per_second": round((kept + done["added"]) / (first_s + second_s)),
        "nothing_lost_or_double": kept + done["added"] == photos == again["photos"] and not again["added"],
        "seconds_to_find_nothing_to_do": round(third_s),
    }


def markdown(rows: list[dict], ground: dict) -> str:
    head = list(rows[0])
    lines = [
        "# Photos coming in",
        "",
        f"`python -m bench.import_photos --photos {rows[0]['photos']}`: photos of {SIDE[0]} × {SIDE[1]} pixels in ImageNet's "
        "official layout with a list of synsets and an XML of boxes each; stopped by Ctrl-C after a third, run again to the "
        f"end, and once more. Bound: {LIMIT_MB} MB. {ground['cpu']}, {ground['cores']} cores; load {ground['load']}.",
        "",
        "| | " + " | ".join("in place" if row["in_place"] else "copied" for row in rows) + " |",
        "|---|" + "---:|" * len(rows),
    ]
    for name in head:
        if name != "in_place":
            lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(str(row[name]) for row in rows) + " |")
    kept = all(row["peak_mb"] <= LIMIT_MB and row["nothing_lost_or_double"] for row in rows)
    return "\n".join([*lines, "", f"Bound {'kept' if kept else 'MISSED'}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=50_000)
    parser.add_argument("--only", choices=["in-place", "copied"])
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name("RESULTS-import.md"))
    options = parser.parse_args()
    ways = {"in-place": True, "copied": False}
    rows = [
        measure(options.photos, in_place) for name, in_place in ways.items() if options.only in (None, name)
    ]
    text = markdown(rows, machine())
    options.to.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
