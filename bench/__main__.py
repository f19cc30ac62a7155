"""python -m bench [PART …] [--quick] [--threads N] [--to FILE]: the engine beside its peers, in one run.

Parts: speed, backends, peers, memory; all where none is named. Ratios, not seconds: each figure is the median over pairs
of runs that follow one another, so a machine that is busy for a while is busy for both.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from bench import engine_report

PARTS = ("speed", "backends", "peers", "memory")


def measured(part: str, options: argparse.Namespace) -> dict:
    """One part, in a process of its own so that memory and threads start clean."""
    command = [sys.executable, "-m", f"bench.engine_{part}", "--threads", str(options.threads)]
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="fewer repeats; peers on a part of the channels")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name("RESULTS.md"))
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; choose from {', '.join(PARTS)}")
    asked = options.parts or PARTS
    kept = options.to.with_suffix(".json")
    kept.parent.mkdir(parents=True, exist_ok=True)
    results = json.loads(kept.read_text()) if options.parts and kept.exists() else {}
    for part in asked:
        results[part] = measured(part, options)
    kept.write_text(json.dumps(results, indent=1) + "\n")
    options.to.write_text(engine_report.markdown(results))
    print(engine_report.markdown(results))


if __name__ == "__main__":
    main()
