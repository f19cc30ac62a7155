"""Record anew what anybody outside gets to see: `python -m tests.recorded.record [--to FILE]`, a minute or two.

The demo runs from nothing in a folder of its own, with its own database and broker, and so do stand_ins.py's studies; nothing
of this checkout's `var/` is read or changed. One thread for each process: sums of fractions depend on how they are shared out.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).parent / "recorded.json"
PARTS = ("demo", "stand_ins")


def environment(data: Path) -> dict[str, str]:
    """Settings of a record: those of a fresh clone, whatever this machine or its `.env` says. A worker that waits long is not given up."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TZ", "PYTHONHASHSEED") if name in os.environ}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(data),
        "DATABASE_URL": f"sqlite:///{data / 'blindsight.sqlite3'}",
        "CELERY_BROKER_URL": f"sqla+sqlite:///{data / 'broker.sqlite3'}",
        "SECRET_KEY": "of-a-record-" + "0" * 50,
        "HTTPS": "false",
        "DEBUG": "false",
        "S3_BUCKET": "",
        "ACCEL_REDIRECT": "",
        "METRICS": "",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "MAX_PIXELS": "50000000",
        "TORCH_DEVICE": "cpu",
        "BATCH_SIZE": "16",
        "BATCH_STALE_SECONDS": "3600",
        "LEASE_SECONDS": "900",
        "CLAIM_BLOCK": "10",
        "SQLITE_SYNCHRONOUS": "OFF",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONUTF8": "1",
    }


def record() -> dict[str, Any]:
    """Run both parts; what is the same anywhere, and what on this machine."""
    with tempfile.TemporaryDirectory(prefix="recorded-") as folder, ThreadPoolExecutor() as pool:
        found = dict(zip(PARTS, pool.map(lambda part: run(part, Path(folder)), PARTS), strict=True))
    anywhere = {
        "interface": found["stand_ins"]["interface"],
        **{part: found[part]["anywhere"] for part in PARTS},
    }
    return {"anywhere": anywhere, "machine": {"which": machine(), "demo": found["demo"]["machine"]}}


def run(part: str, folder: Path) -> dict[str, Any]:
    """One part in a process of its own, its data in a folder of its own; what it collected."""
    data, to = folder / part, folder / f"{part}.json"
    data.mkdir()
    command = [sys.executable, "-m", f"tests.recorded.{part}", str(to)]
    done = subprocess.run(command, cwd=ROOT, env=environment(data), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}")
    return json.loads(to.read_text("utf-8"))


def machine() -> dict[str, str]:
    """What the last digits of a network's numbers, and the bytes of pictures, depend on."""
    cpu = [line for line in _cpuinfo() if line.startswith(("model name", "flags"))][:2]
    facts = {"processor": platform.machine(), "python": ".".join(platform.python_version_tuple()[:2])}
    facts |= {line.split(":")[0].strip(): line.split(":")[1].strip() for line in cpu}
    if "flags" in facts:
        facts["flags"] = " ".join(flag for flag in facts["flags"].split() if flag.startswith(("avx", "amx", "fma")))  # fmt: skip
    return facts | {name: version(name) for name in ("numpy", "pillow", "torch", "django")}


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=RECORD)
    to = parser.parse_args().to
    text = json.dumps(record(), ensure_ascii=False, indent=1)
    to.write_text(text + "\n", "utf-8")
    sys.stdout.write(f"{len(text):,} characters  {to}\n")


if __name__ == "__main__":
    main()
