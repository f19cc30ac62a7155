"""python -m bench.load [--quick] [--databases postgresql,sqlite] [--to FILE]: how many volunteers one machine bears.

For each database, on servers of its own: answers per second at saturation beside the floor (load_floor.py) in turns,
then ever more volunteers at one answer per 8 s until the 95th percentile is over 100 ms, and the memory of a web
process. Everything runs on this machine, the load generator too; its CPU time is told beside the server's.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import load_report
from bench.load_site import ROOT, Server, gunicorn, postgres, postgres_cpu_seconds

CLIENTS, PACE, LIMIT = 64, 8.0, 0.1
STEPS = (50, 100, 200, 300, 400, 600, 800, 1000)
SATURATING = 1500  # people set aside for saturation: each gives 50 answers
DATABASES = ("postgresql", "sqlite")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class Bench:
    """One database with its two servers: the site, and the floor."""

    def __init__(self, name: str, folder: Path, stack: ExitStack, quick: bool):
        self.name, self.folder, self.quick = name, folder, quick
        url = (
            stack.enter_context(postgres(folder))
            if name == "postgresql"
            else f"sqlite:///{folder}/load.sqlite3"
        )
        self.environment = os.environ | {
            "DATABASE_URL": url,
            "DATA_DIR": str(folder / "data"),
            "SECRET_KEY": "bench-only-" + "0" * 50,
            "HTTPS": "false",
        }
        self.steps = STEPS[:3] if quick else STEPS
        made = self.python("bench.load_study", "--people", str(SATURATING + STEPS[-1]))
        self.study = json.loads(made)
        self.tokens: list[str] = self.study["tokens"]
        self.site = stack.enter_context(gunicorn("config.wsgi", self.environment, folder / "log"))
        floor = self.environment | {"DJANGO_SETTINGS_MODULE": "bench.load_floor_settings"}
        self.floor = stack.enter_context(gunicorn("bench.load_floor", floor, folder / "log"))

    def python(self, module: str, *arguments: str, given: str | None = None) -> str:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command,
            input=given,
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"bench: {module} failed; the lines above say why")
        return done.stdout

    def people(self, count: int) -> list[str]:
        taken, self.tokens = self.tokens[:count], self.tokens[count:]
        return taken

    def drive(self, server: Server, **plan: Any) -> dict:
        """Put a load on a server; what the generator saw, and who used how much CPU."""
        plan = {"kind": "page", "pace": 0, "pictures": False, "clients": CLIENTS, "tokens": [], **plan}
        plan |= {"port": server.port, "floor": self.study["floor"], "participant": self.study["participant"]}
        before, database = server.cpu_seconds(), postgres_cpu_seconds(self.folder)
        seen = json.loads(self.python("bench.load_clients", given=json.dumps(plan)))
        return {
            **seen,
            "load_average": os.getloadavg()[0],
            "cpu_web": server.cpu_seconds() - before,
            "cpu_database": postgres_cpu_seconds(self.folder) - database,
        }

    def saturation(self) -> dict:
        """Site and floor in turns, so that a machine that is busy for a while is busy for both."""
        rounds, seconds = (1, 4) if self.quick else (3, 8)
        self.drive(self.site, tokens=self.people(64), seconds=2)  # warm
        self.drive(self.floor, kind="floor", seconds=2)
        pairs = []
        for _ in range(rounds):
            site = self.drive(self.site, tokens=self.people(SATURATING // 4), seconds=seconds)
            pairs.append((summary(site), summary(self.drive(self.floor, kind="floor", seconds=seconds))))
            say(f"  answers/s: {pairs[-1][0]['rate']:.0f}, floor {pairs[-1][1]['rate']:.0f}")
        return {"site": [site for site, _ in pairs], "floor": [floor for _, floor in pairs]}

    def volunteers(self, pictures: bool) -> list[dict]:
        """Ever more people until the limit is passed, or the steps are through.

        Those of a step are there in the next one too, so that they do not all come to a claim at once.
        """
        rows: list[dict] = []
        for count in self.steps:
            seen = self.drive(
                self.site, tokens=self.tokens[:count], pace=PACE, seconds=2.5 * PACE, pictures=pictures
            )
            row = {"volunteers": count, **summary(seen)}
            rows.append({**row, "held": is_held(row)})
            say(f"  {count} volunteers{' with pictures' if pictures else ''}: p95 {worst(row) * 1000:.0f} ms")
            if not rows[-1]["held"]:
                break
        return rows

    def measure(self) -> dict:
        say(f"{self.name} …")
        saturation = self.saturation()
        memory = self.site.memory_mb()
        paced = self.volunteers(pictures=False)
        return {
            "saturation": saturation,
            "volunteers": paced,
            "with_pictures": self.volunteers(pictures=True),
            "memory": memory,
            "memory_at_the_end": self.site.memory_mb(),
        }


ANSWERS = ("answer", "answer and claim")


def summary(seen: dict) -> dict:
    """Rates, percentiles in seconds, and CPU as a share of one core."""
    answers = [time for kind in ANSWERS for time in seen["times"].get(kind, [])]
    return {
        "answers": len(answers),
        "rate": len(answers) / seen["seconds"],
        "p50": percentile(answers, 0.5) if answers else None,
        "p95": {"all answers": percentile(answers, 0.95)}
        | {kind: percentile(times, 0.95) for kind, times in seen["times"].items() if times},
        "errors": seen["errors"],
        "late": seen["late"],
        "load_average": seen["load_average"],
        **{f"cpu_{who}": seen[key] / seen["seconds"] for who, key in CPU.items()},
    }


CPU = {"generator": "cpu", "web": "cpu_web", "database": "cpu_database"}


def worst(row: dict) -> float:
    return max(seconds for kind, seconds in row["p95"].items() if kind != "picture")


def is_held(row: dict) -> bool:
    return not row["errors"] and worst(row) < LIMIT


def races(file: Path) -> str:
    """The section on races (race.py) of a file that is written anew: it was measured by itself, and stays."""
    _, heading, section = (file.read_text() if file.exists() else "").partition("\n## Races")
    return heading + section


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--databases", default=",".join(DATABASES))
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name("RESULTS-load.md"))
    options = parser.parse_args(argv)
    asked = options.databases.split(",")
    if unknown := [name for name in asked if name not in DATABASES]:
        parser.error(f"there is no database {unknown[0]!r} here; choose from {', '.join(DATABASES)}")
    results = {}
    for name in asked:
        with tempfile.TemporaryDirectory(prefix="bench-load-") as folder, ExitStack() as stack:
            results[name] = Bench(name, Path(folder), stack, options.quick).measure()
    text = load_report.markdown(results, options.quick) + races(options.to)
    options.to.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
