"""From answers to scores and files: time and memory for 10⁴, 10⁵ and 10⁶ answers, on SQLite or PostgreSQL.

    python -m bench answers            or, with other sizes or one database: python -m bench.answers --help

On SQLite in a temporary folder and, where BENCH_DATABASE_URL names an empty database, on PostgreSQL; it is filled. 100 answers an item,
up to 500 a person, three arms. Each figure is the median of runs that are each a process of its own; memory is the peak of that process.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TASKS = {
    "scores": ("scores, grouped by the database", {"postgresql": 1.0}),
    "summary": ("summary with two-way intervals, 2,000 draws", 30.0),
    "csv": ("answers.csv", {"postgresql": 5.0, "sqlite": 20.0}),
    "parquet": ("answers.parquet", None),
    "counts": ("floor of the scores: the same counts by one bare statement", None),
    "read": ("floor of the files: the rows of the answers' own table, read and thrown away", None),
}
FLOORS = {"scores": "counts", "csv": "read", "parquet": "read"}
FLOORS_THERE = {"scores": 0.36, "csv": 0.95}  # seconds, on PostgreSQL, where the limits in seconds were set
OF_STUDY = "FROM studies_response r JOIN studies_trial t ON t.id = r.trial_id WHERE t.study_id = "
MEMORY_MB = 300
CHILD = "BENCH_ANSWERS"
SIZES, QUICK_SIZES = "10000,100000,1000000", "10000,100000"
LARGEST = 1_000_000  # the size that the limits are for


def fill(size: int) -> None:
    """A study with that many answers, by SQL alone; rows say `size-N`."""
    from django.db import connection
    from django.utils import timezone

    from explain.models import Image, ImageSet, Network
    from studies.models import Arm, Invitation, Item, Participant, Study

    items, people = size // 100, max(size // 500, 200)
    per_item = size // items
    photos = ImageSet.objects.create(name=f"size-{size}")
    study = Study.objects.create(slug=f"size-{size}", title=f"{size:,} answers", task="choice")
    network, _ = Network.objects.get_or_create(name="net", load="torchvision:resnet50", layer="layer4")
    for index, name in enumerate(("grad-cam", "ablation-cam", "pixel-ablation-cam")):
        Arm.objects.create(study=study, index=index, name=name, network=network, method=name)
    Image.objects.bulk_create(
        Image(
            image_set=photos,
            file=f"{size}/{n}",
            picture=f"{size}/{n}p",
            original_name=f"ILSVRC2012_val_{n:08d}.JPEG",
            class_name=f"class {n % 1000}",
            width=224,
            height=224,
            source_sha256=f"{n:064d}",
            content_sha256=f"{n:064d}",
        )
        for n in range(items)
    )
    Item.objects.bulk_create(
        Item(study=study, index=n, image=image) for n, image in enumerate(photos.images.order_by("id"))
    )
    invitation, _ = Invitation.issue(study, label="crowd")
    Participant.objects.bulk_create(
        Participant(study=study, invitation=invitation, number=n + 1, token_sha256=f"{size}-{n}")
        for n in range(people)
    )
    first_item, first_person = study.items.first().pk, study.participants.first().pk
    trial_base = (
        Study.trials.rel.related_model.objects.order_by("-id").values_list("id", flat=True).first() or 0
    ) + 1
    new_uuid = "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
    json_null = "'{}'"
    now = timezone.now().strftime("%Y-%m-%d %H:%M:%S")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO studies_trial (id, study_id, item_id, "order", state, participant_id, kind)
            WITH RECURSIVE n(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM n WHERE k < {size - 1})
            SELECT {trial_base} + k, {study.pk}, {first_item} + k / {per_item},
              CASE k % 6 WHEN 0 THEN '0,1,2' WHEN 1 THEN '0,2,1' WHEN 2 THEN '1,0,2' WHEN 3 THEN '1,2,0'
              WHEN 4 THEN '2,0,1' ELSE '2,1,0' END, 'answered', {first_person} + (k % {per_item} + 13 * (k / {per_item})) % {people}, 'main' FROM n"""
        )
        cursor.execute(
            f"""INSERT INTO studies_response (answer_id, trial_id, participant_id, status, choice, shown_value,
              simulated, response_ms, telemetry, created_at, version)
            SELECT {new_uuid}, t.id, t.participant_id, 'counted', (t.id * 7919 % 1009) % 4 - 1, (t.id * 7919 % 1009) % 4 - 1,
              {"FALSE" if connection.vendor == "postgresql" else "0"}, 1500 + t.id % 4000, {json_null}, '{now}', 1
            FROM studies_trial t WHERE t.study_id = {study.pk}"""
        )
        cursor.execute("ANALYZE")


def measure(task: str, size: int) -> dict[str, float]:
    """Seconds, and the peak memory of this process in MB."""
    import resource
    import time

    from django.db import connection

    from studies.exports import tables, writers
    from studies.models import Study
    from studies.results import answers, summary

    study = Study.objects.get(slug=f"size-{size}")
    work = {
        "scores": lambda: answers.totals(study, "real"),
        "summary": lambda: summary.summary_of(study, "real"),
        "csv": lambda: writers.write(Path(os.environ["BENCH_OUT"]), writers.csv_chunks(study)),
        "parquet": lambda: writers.write_parquet(
            [tables.answers_table(study)], Path(os.environ["BENCH_OUT"]).parent
        ),
        "counts": lambda: count_all(study),
        "read": lambda: read_all(study),
    }[task]
    connection.ensure_connection()
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def count_all(study) -> None:
    """What no scores can be faster than: how often each item got each answer."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t.item_id, r.choice, count(*) {OF_STUDY} {study.pk} GROUP BY 1, 2")
        cursor.fetchall()


def read_all(study) -> None:
    """What no file can be faster than: COPY as text on PostgreSQL, a bare cursor on SQLite."""
    from django.db import connection

    sql = f"SELECT r.* {OF_STUDY} {study.pk}"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT CSV)") as copy:
                while copy.read():
                    pass
        else:
            for _ in cursor.execute(sql):
                pass


def child(*arguments: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", "bench.answers"]
    settings = environment | {CHILD: json.dumps(arguments), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=settings, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def as_child(arguments: list[str]) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    what, *rest = arguments
    if what == "fill":
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        fill(int(rest[0]))
    else:
        print(json.dumps(measure(what, int(rest[0]))))


def markdown(results: dict) -> str:
    """The figures of every database as Markdown."""
    part = results["answers"]
    lines = [
        "# Answers to scores and files",
        "",
        f"Written by `python -m bench answers`. {part['machine']}, load {part['load']:.1f} at the end. Seconds (peak MB); median of "
        f"{part['runs']} runs, each in a process of its own.",
    ]
    for vendor, figures in part["databases"].items():
        lines += ["", f"## {vendor}", "", *_table(vendor, figures), "", _beside_floors(vendor, figures)]
    return "\n".join(lines) + "\n"


def _table(vendor: str, figures: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    sizes = list(next(iter(figures.values())))
    lines = [
        "| | " + " | ".join(f"{int(size):,}" for size in sizes) + " | limit at 1,000,000 | |",
        "|---|" + "---:|" * (len(sizes) + 1) + "---|",
    ]
    for task, by_size in figures.items():
        words, limit = TASKS[task]
        limit = limit.get(vendor) if isinstance(limit, dict) else limit
        cells = [f"{found['seconds']:.2f} s ({found['mb']:.0f})" for found in by_size.values()]
        judged = _judged(by_size.get(str(LARGEST)), limit)
        lines.append(f"| {words} | " + " | ".join(cells) + f" | {judged} |")
    return lines


def _beside_floors(vendor: str, figures: dict[str, dict[str, dict[str, float]]]) -> str:
    """How many times as long as its floor each takes at the largest size: a slow machine does not change that."""
    size = max(figures["read"], key=int)
    times = []
    for task, floor in FLOORS.items():
        words, limit = TASKS[task]
        ratio = figures[task][size]["seconds"] / figures[floor][size]["seconds"]
        there = FLOORS_THERE.get(task) if vendor == "postgresql" else None
        seconds = limit.get(vendor) if isinstance(limit, dict) else limit
        of_limit = (
            f" (the limit, {seconds:g} s where the floor took {there} s: {seconds / there:.1f})"
            if there
            else ""
        )
        times.append(f"{words.split(',')[0]} {ratio:.1f}{of_limit}")
    return f"Times its floor at {int(size):,}: {'; '.join(times)}."


def _judged(found: dict[str, float] | None, limit: float | None) -> str:
    if limit is None:
        return "– |"
    goal = f"{limit:g} s, {MEMORY_MB} MB | "
    if found is None:
        return goal + "not measured"
    return goal + ("kept" if found["seconds"] <= limit and found["mb"] <= MEMORY_MB else "MISSED")


def one_database(
    url: str, folder: str, sizes: list[int], runs: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Fill a database and measure every task at every size."""
    environment = os.environ | {"DATABASE_URL": url, "DATA_DIR": folder, "BENCH_OUT": f"{folder}/out"}
    environment |= {"SECRET_KEY": "bench-only-" + "0" * 50, "HTTPS": "false"}
    for size in sizes:
        print(f"filling {size:,} …", file=sys.stderr, flush=True)
        child("fill", str(size), environment=environment)
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for task in TASKS:
        for size in sizes:
            print(f"{task} {size:,} …", file=sys.stderr, flush=True)
            found = [json.loads(child(task, str(size), environment=environment)) for _ in range(runs)]
            middle = {key: statistics.median(run[key] for run in found) for key in ("seconds", "mb")}
            figures.setdefault(task, {})[str(size)] = middle
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.answers", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", help=f"default: {SIZES}; with --quick {QUICK_SIZES}")
    parser.add_argument("--database", help="an empty database instead of those two")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, one run")
    parser.add_argument("--threads", type=int, help="for the other parts; here always 1")
    options = parser.parse_args()
    sizes = [int(size) for size in (options.sizes or (QUICK_SIZES if options.quick else SIZES)).split(",")]
    runs = 1 if options.quick else options.runs
    databases = {}
    with tempfile.TemporaryDirectory() as folder:
        asked = [options.database] if options.database else [f"sqlite:///{folder}/bench.sqlite3"]
        if not options.database and (url := os.environ.get("BENCH_DATABASE_URL")):
            asked.insert(0, url)
        for url in asked:
            vendor = "postgresql" if url.startswith("postgres") else "sqlite"
            databases[vendor] = one_database(url, folder, sizes, runs)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(json.dumps({"machine": machine, "load": os.getloadavg()[0], "runs": runs, "databases": databases}))


if __name__ == "__main__":
    as_child(json.loads(os.environ[CHILD])) if CHILD in os.environ else main()
