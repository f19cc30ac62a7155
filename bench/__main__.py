"""python -m bench [PART …] [--quick] [--threads N] [--to DIR]: the engine beside its peers, answers to scores, and statistics.

Parts: speed, backends, peers, memory (the engine); answers (from a million answers to scores and files); statistics (coverage of the
intervals, size of the tests); points (the same of best and worst, and of rankings); arena (a newcomer joins a living comparison: how soon its interval is as wide as the others', and do they hold); adaptive (rounds of pairs that tell most beside the balanced design); between (the same where each person meets one arm alone); mixed-models (beside lmer and clmm); decisions (power beside what results decide); evaluation (`evaluate` against plain passes); maps (from photo to screen: `precompute`, bytes of a map, making a study ready); growth (seconds for a unit at growing sizes); encoders (bytes and likeness of a trial's pictures); layers (what ablating cells costs and adds at earlier layers); recovery (does a study find what simulated people were told to
prefer); browser (how soon the next trial is on screen); results-page (what the page of results takes); zoo (networks of timm, cut unasked: right, refused, or wrong in silence). All where none is named. Of each part the figures are kept as JSON and shown as Markdown. Load, photos coming in, races and
workers need a server and a database of their own: see bench/load.py, bench/pages.py, bench/race.py and bench/workers.py. Whether the tests
notice what goes wrong is measured by bench/slips.py and bench/mutate.py.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import (
    adaptive,
    answers,
    arena,
    between_people,
    browser,
    coverage,
    decisions,
    encoders,
    engine_report,
    evaluation,
    growth,
    layers,
    maps,
    mixed_models,
    points,
    recovery,
    results_page,
    zoo,
)


@dataclass(frozen=True)
class Report:
    """A pair of files, .json and .md, and what makes the second of the first."""

    stem: str
    markdown: Callable[[dict], str]


ENGINE = Report("RESULTS-engine", engine_report.markdown)
ANSWERS = Report("RESULTS-answers", answers.markdown)
ARENA = Report("RESULTS-arena", arena.markdown)
ADAPTIVE = Report("RESULTS-adaptive", adaptive.markdown)
BETWEEN = Report("RESULTS-between-people", between_people.markdown)
POINTS = Report("RESULTS-points", points.markdown)
STATISTICS = Report("RESULTS-statistics", coverage.markdown)
MIXED_MODELS = Report("RESULTS-mixed-models", mixed_models.markdown)
DECISIONS = Report("RESULTS-decisions", decisions.markdown)
EVALUATION = Report("RESULTS-evaluation", evaluation.markdown)
ENCODERS = Report("RESULTS-encoders", encoders.markdown)
MAPS = Report("RESULTS-maps", maps.markdown)
GROWTH = Report("RESULTS-growth", growth.markdown)
LAYERS = Report("RESULTS-layers", layers.markdown)
BROWSER = Report("RESULTS-browser", browser.markdown)
RECOVERY = Report("RESULTS-recovery", recovery.markdown)
RESULTS_PAGE = Report("RESULTS-results-page", results_page.markdown)
ZOO = Report("RESULTS-zoo", zoo.markdown)
PARTS: dict[str, tuple[str, Report]] = {  # name -> its module, and where its figures go
    "speed": ("bench.engine_speed", ENGINE),
    "backends": ("bench.engine_backends", ENGINE),
    "peers": ("bench.engine_peers", ENGINE),
    "memory": ("bench.engine_memory", ENGINE),
    "answers": ("bench.answers", ANSWERS),
    "statistics": ("bench.coverage", STATISTICS),
    "points": ("bench.points", POINTS),
    "arena": ("bench.arena", ARENA),
    "adaptive": ("bench.adaptive", ADAPTIVE),
    "between": ("bench.between_people", BETWEEN),
    "mixed-models": ("bench.mixed_models", MIXED_MODELS),
    "decisions": ("bench.decisions", DECISIONS),
    "evaluation": ("bench.evaluation", EVALUATION),
    "maps": ("bench.maps", MAPS),
    "encoders": ("bench.encoders", ENCODERS),
    "growth": ("bench.growth", GROWTH),
    "layers": ("bench.layers", LAYERS),
    "recovery": ("bench.recovery", RECOVERY),
    "browser": ("bench.browser", BROWSER),
    "results-page": ("bench.results_page", RESULTS_PAGE),
    "zoo": ("bench.zoo", ZOO),
}

MADE_BY = {  # every file of results, and what writes it
    "RESULTS-engine.md": "python -m bench speed backends peers memory",
    "RESULTS-answers.md": "python -m bench answers",
    "RESULTS-statistics.md": "python -m bench statistics",
    "RESULTS-points.md": "python -m bench points",
    "RESULTS-arena.md": "python -m bench arena",
    "RESULTS-adaptive.md": "python -m bench adaptive",
    "RESULTS-between-people.md": "python -m bench between",
    "RESULTS-mixed-models.md": "python -m bench mixed-models",
    "RESULTS-decisions.md": "python -m bench decisions",
    "RESULTS-evaluation.md": "python -m bench evaluation",
    "RESULTS-maps.md": "python -m bench maps",
    "RESULTS-encoders.md": "python -m bench encoders",
    "RESULTS-growth.md": "python -m bench growth",
    "RESULTS-layers.md": "python -m bench layers",
    "RESULTS-recovery.md": "python -m bench recovery",
    "RESULTS-browser.md": "python -m bench browser",
    "RESULTS-results-page.md": "python -m bench results-page",
    "RESULTS-zoo.md": "python -m bench zoo",
    "RESULTS-load.md": "python -m bench.load",
    "RESULTS-import.md": "python -m bench.import_photos",
    "RESULTS-hostile-files.md": "make fuzz",
    "RESULTS-pages.md": "python -m bench.pages",
    "RESULTS-hosts.md": "python -m bench.hosts",
    "RESULTS-workers.md": "python -m bench.workers",
    "RESULTS-mutations.md": "make mutate ALL=1",
    "RESULTS-slips.md": "make slips",
}


def index(folder: Path) -> str:
    """What has been measured, where to read it, and how to measure it again."""
    lines = [
        "# What has been measured",
        "",
        "`make bench` measures all that `python -m bench PART` writes.",
        "",
    ]
    lines += ["| about | file | written by |", "|---|---|---|"]
    for name, command in MADE_BY.items():
        if (folder / name).exists():
            title = (folder / name).read_text("utf-8").splitlines()[0].removeprefix("# ")
            lines.append(f"| {title} | [{name}]({name}) | `{command}` |")
    return "\n".join([*lines, "", "It keeps the figures of each beside its file as JSON.", ""])


def measured(part: str, options: argparse.Namespace) -> dict:
    """One part, in a process of its own so that memory and threads start clean."""
    module, _ = PARTS[part]
    command = [sys.executable, "-m", module, "--threads", str(options.threads)]
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads), "PYTHONWARNINGS": "ignore"}
    print(f"{part} …", file=sys.stderr, flush=True)
    done = subprocess.run(
        command + (["--quick"] if options.quick else []),
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        sys.exit(f"bench: {part} failed; the lines above say why")
    return json.loads(done.stdout.splitlines()[-1])


def keep(part: str, figures: dict, folder: Path) -> str:
    """Put a part's figures beside those of the parts that share its files, and return the files' Markdown."""
    report = PARTS[part][1]
    stored, shown = folder / f"{report.stem}.json", folder / f"{report.stem}.md"
    results = json.loads(stored.read_text("utf-8")) if stored.exists() else {}
    results[part] = figures
    text = report.markdown(results)
    stored.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    shown.write_text(text, "utf-8")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, smaller sizes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--to", type=Path, default=Path(__file__).parent, metavar="DIR")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; choose from {', '.join(PARTS)}")
    options.to.mkdir(parents=True, exist_ok=True)
    texts = {}
    for part in options.parts or PARTS:
        texts[PARTS[part][1].stem] = keep(part, measured(part, options), options.to)
    (options.to / "RESULTS.md").write_text(index(options.to), "utf-8")
    print("\n".join(texts.values()))


if __name__ == "__main__":
    main()
