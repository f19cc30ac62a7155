"""The servers under load: a PostgreSQL of its own in a temporary folder, and gunicorn. Only 127.0.0.1 is listened on."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
WORKERS, THREADS = 2, 8


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def as_postgres(*command: str) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.getuid() == 0 else list(command)


def postgres_folder() -> Path:
    """Where the newest installed PostgreSQL has its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        sys.exit("bench: PostgreSQL is not installed (apt install postgresql); or measure --databases sqlite")
    return found[-1].parent if found else Path(str(on_path)).parent


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A new, empty server with its defaults (fsync on); its DATABASE_URL."""
    programs, data, port = postgres_folder(), folder / "pg", free_port()
    folder.chmod(0o755)
    data.mkdir()
    if os.getuid() == 0:
        shutil.chown(data, "postgres")
    run = {"check": True, "stdout": subprocess.DEVNULL}
    initdb = [f"{programs}/initdb", "-D", str(data), "-U", "blindsight", "--auth=trust", "-E", "UTF8"]
    subprocess.run(as_postgres(*initdb, "--locale=C.UTF-8"), **run)
    control = [f"{programs}/pg_ctl", "-D", str(data), "-w", "-l", str(data / "log")]
    options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1"
    subprocess.run(as_postgres(*control, "-o", options, "start"), **run)
    try:
        create = [f"{programs}/createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "blindsight", "load"]
        subprocess.run(as_postgres(*create), **run)
        yield f"postgres://blindsight@127.0.0.1:{port}/load"
    finally:
        subprocess.run(as_postgres(*control, "-m", "immediate", "stop"), **run)


@dataclass(frozen=True)
class Server:
    """A running gunicorn."""

    port: int
    process: psutil.Process

    def workers(self) -> list[psutil.Process]:
        return self.process.children(recursive=True)

    def cpu_seconds(self) -> float:
        """CPU time of the master and its workers so far."""
        times = [process.cpu_times() for process in (self.process, *self.workers())]
        return sum(spent.user + spent.system for spent in times)

    def memory_mb(self) -> dict[str, float]:
        """Mean of the workers: resident, and proportional (shared pages divided by those who share them)."""
        seen = [worker.memory_full_info() for worker in self.workers()]
        return {
            kind: sum(getattr(info, kind) for info in seen) / len(seen) / 2**20 for kind in ("rss", "pss")
        }


def postgres_cpu_seconds(folder: Path) -> float:
    """CPU time of the PostgreSQL server so far, with that of connections that have ended."""
    identity = folder / "pg" / "postmaster.pid"
    if not identity.exists():
        return 0.0
    master = psutil.Process(int(identity.read_text().split()[0]))
    times = [process.cpu_times() for process in (master, *master.children())]
    ended = times[0].children_user + times[0].children_system
    return ended + sum(spent.user + spent.system for spent in times)


@contextlib.contextmanager
def gunicorn(application: str, environment: dict[str, str], log: Path) -> Iterator[Server]:
    """`application` under gunicorn with WORKERS × THREADS, until the block ends."""
    port = free_port()
    options = [f"--workers={WORKERS}", f"--threads={THREADS}", f"--bind=127.0.0.1:{port}", "--backlog=2048"]
    with log.open("ab") as file:
        started = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", application, *options],
            env=environment,
            cwd=ROOT,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        wait_for(port, started, log)
        yield Server(port, psutil.Process(started.pid))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGTERM)
        started.wait()


def wait_for(port: int, process: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    """Until every worker has answered something; a worker imports the site before its first reply."""
    end = time.monotonic() + seconds
    replies = 0
    while replies < 10 * WORKERS:
        if process.poll() is not None or time.monotonic() > end:
            sys.exit(f"bench: gunicorn did not start:\n{log.read_text()[-2000:]}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/nothing-here/")
            connection.getresponse().read()
            replies += 1
            continue
        time.sleep(0.1)
