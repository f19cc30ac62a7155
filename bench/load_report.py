"""The figures of load.py as Markdown."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.load_site import THREADS, WORKERS, postgres_folder
from bench.load_study import ANSWERS, EACH, ITEMS

NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite (the default)"}


def markdown(results: dict, quick: bool) -> str:
    parts = [
        "# Load: how many volunteers one machine bears",
        "`python -m bench.load`"
        + (" `--quick`: short rounds, rough figures" if quick else "")
        + ". "
        + machine(),
        f"A study of {ITEMS} photos × {ANSWERS} answers, three maps each, {EACH} photos for one person. An answer is "
        "the request that the trial page's own script sends: the token's look-up, CSRF, the stored answer, leases, "
        "progress, and the next trials where the hand runs low. The floor is a bare Django view (no middleware) that "
        "claims one trial and inserts one row, on the same tables under the same gunicorn "
        f"({WORKERS} workers × {THREADS} threads). Load generator, web server and database share the machine; CPU is "
        "in cores (1.00: one core busy all the time).",
        *(section(name, seen) for name, seen in results.items()),
    ]
    return "\n\n".join(parts) + "\n"


def machine() -> str:
    information = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    chip = next((line.split(": ")[1] for line in information.splitlines() if "model name" in line), "")
    packages = ", ".join(f"{name} {version(name)}" for name in ("Django", "gunicorn", "psycopg"))
    said = subprocess.run(
        [f"{postgres_folder()}/postgres", "--version"], capture_output=True, text=True, check=True
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {os.cpu_count()} cores ({chip or platform.machine()}), "
        f"Python {platform.python_version()}, {packages}, {said.stdout.strip()}."
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ms(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.0f}"


def section(name: str, seen: dict) -> str:
    memory, later = seen["memory"], seen["memory_at_the_end"]
    return "\n\n".join(
        [
            f"## {NAMES[name]}",
            saturation(seen["saturation"]),
            "Volunteers at one answer per 8 s, a new connection for each; a step lasts 20 s. "
            + most(seen["volunteers"]),
            steps(seen["volunteers"]),
            "The same people who also load every picture through the site (four for each photo). "
            + most(seen["with_pictures"]),
            steps(seen["with_pictures"]),
            f"Memory of a web process: {memory['rss']:.0f} MB resident, {memory['pss']:.0f} MB proportional after "
            f"saturation; {later['rss']:.0f} and {later['pss']:.0f} MB at the end.",
        ]
    )


def saturation(seen: dict) -> str:
    rows = []
    for who, label in (("site", "the site"), ("floor", "the floor")):
        runs = seen[who]
        middle = lambda of: median(map(of, runs))  # noqa: E731, B023
        rows.append(
            [
                label,
                f"{middle(lambda run: run['rate']):.0f}",
                ms(middle(lambda run: run["p50"])),
                ms(middle(lambda run: run["p95"]["all answers"])),
                *(
                    f"{middle(lambda run, k=key: run[k]):.2f}"
                    for key in ("cpu_generator", "cpu_web", "cpu_database")
                ),
                str(sum(sum(run["errors"].values()) for run in runs)),
            ]
        )
    ratios = [site["rate"] / floor["rate"] for site, floor in zip(seen["site"], seen["floor"], strict=True)]
    load = max(run["load_average"] for run in seen["site"] + seen["floor"])
    head = ["64 clients, no think time", "answers/s", "median ms", "p95 ms", "CPU generator", "CPU web"]
    return (
        table([*head, "CPU database", "errors"], rows)
        + f"\n\nThe site reaches **{median(ratios):.0%}** of the floor (median of {len(ratios)} pairs: "
        + ", ".join(f"{ratio:.0%}" for ratio in ratios)
        + f"; load average up to {load:.1f}). CPU time for one answer, web and database together, which others on the "
        f"machine disturb less: site {cpu_ms(seen['site']):.1f} ms, floor {cpu_ms(seen['floor']):.1f} ms "
        f"({cpu_ms(seen['floor']) / cpu_ms(seen['site']):.0%})."
    )


def cpu_ms(runs: list[dict]) -> float:
    """Milliseconds of CPU that web and database spend on one answer: median of the runs."""
    return 1000 * median((run["cpu_web"] + run["cpu_database"]) / run["rate"] for run in runs)


def most(rows: list[dict]) -> str:
    held = [row["volunteers"] for row in rows if row["held"]]
    over = "; more were not tried" if rows[-1]["held"] else ""
    return f"Most with every p95 under 100 ms: **{max(held, default=0):,}**{over}."


def steps(rows: list[dict]) -> str:
    kinds = [
        kind
        for kind in ("begin", "answer", "answer and claim", "picture")
        if any(kind in r["p95"] for r in rows)
    ]
    head = ["volunteers", "answers/s", *(f"p95 ms, {kind}" for kind in kinds)]
    head += ["CPU generator", "CPU web", "CPU database", "errors", "load average"]
    return table(
        head,
        [
            [
                f"{row['volunteers']:,}",
                f"{row['rate']:.0f}",
                *(ms(row["p95"].get(kind)) for kind in kinds),
                *(f"{row[key]:.2f}" for key in ("cpu_generator", "cpu_web", "cpu_database")),
                str(sum(row["errors"].values())),
                f"{row['load_average']:.1f}",
            ]
            for row in rows
        ],
    )
