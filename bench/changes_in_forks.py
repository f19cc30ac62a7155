"""A pytest plugin that tries changed files: it collects the tests once, and for each change forks a child that runs some.

Everything is imported before the fork, so a change costs what its tests cost. The child puts the changed code in place of
every function of the module that there is, whatever wraps it; what a test opens or starts (templates, scripts, programs) it
finds in the checkout, where the changed file lies meanwhile. A change outside of functions is "unfit": it needs a process of
its own. The checkout is a copy (`checkouts`). The jobs come from the file that CHANGES names, a line each; what became of them
is written beside it.
"""

import contextlib
import gc
import inspect
import json
import os
import shutil
import signal
import sqlite3
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from _pytest.runner import runtestprotocol

ROOT = Path.cwd()
PASSED, FAILED, UNFIT = 0, 1, 9


class Tries:
    """Every job of one checkout, one after the other."""

    def __init__(self, jobs: Path):
        self.jobs = [json.loads(line) for line in jobs.read_text().splitlines()]
        self.to = jobs.with_suffix(".done")
        self.sound: dict[str, bool] = {}  # test -> whether it passes here by itself, with nothing changed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        self.session, self.items = session, {item.nodeid: item for item in session.items}
        self._set_up()
        self.functions = _functions_by_file()
        gc.freeze()
        until = time.time() + float(os.environ.get("CHANGES_SECONDS", "inf"))
        with self.to.open("a") as done:
            for job in self.jobs:
                if time.time() > until:
                    break
                done.write(json.dumps({"number": job["number"], **self._result(job)}) + "\n")
                done.flush()
            failing = sorted(test for test, passes in self.sound.items() if not passes)
            done.write(json.dumps({"no say": failing}) + "\n")
        return True

    def _set_up(self):
        """Run one test with a database, so that the database is there when the children are made; keep a copy of it."""
        items = self.session.items
        first = next((item for item in items if _has_database(item)), None)
        if first is None or len(items) == 1:
            self.database = None
            return
        other = next(item for item in items if item is not first)
        reports = runtestprotocol(first, nextitem=other, log=False)
        if not all(report.passed for report in reports):
            raise pytest.UsageError(
                f"{first.nodeid} fails as it is: {[report.longreprtext for report in reports]}"
            )
        self.database = KeptDatabase()

    def _result(self, job) -> dict:
        """What became of a change. A test that fails without it, too, has no say."""
        while True:
            tests = [test for test in self._named(job["tests"]) if self.sound.get(test, True)]
            if not tests:
                return {"status": "no test", "by": "", "seconds": 0.0}
            result = self._try(job, tests)
            by = result["by"]
            if result["status"] != "killed" or by not in self.items or self._is_sound(job, by):
                return result

    def _named(self, names: list[str]) -> list[str]:
        """Tests by their whole name, by that of their file or function."""
        if all(name in self.items for name in names):
            return names
        return [
            test
            for name in names
            for test in self.items
            if test == name or test.startswith((f"{name}::", f"{name}["))
        ]

    def _is_sound(self, job, test: str) -> bool:
        if test not in self.sound:
            same = {**job, "source": (ROOT / job["file"]).read_text("utf-8")}
            self.sound[test] = self._try(same, [test])["status"] == "survived"
        return self.sound[test]

    def _try(self, job, tests: list[str]) -> dict:
        path = ROOT / job["file"]
        original = path.read_bytes()
        if self.database:
            self.database.put_back()
        path.write_text(job["source"], "utf-8")
        began = time.monotonic()
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        try:
            pid = os.fork()
            if pid == 0:
                self._child(job, original.decode(), tests, writing)
            os.close(writing)
            status = _wait(pid, began + job["patience"])
            with contextlib.suppress(BlockingIOError):
                return {
                    "status": status,
                    "by": os.read(reading, 1000).decode(),
                    "seconds": round(time.monotonic() - began, 2),
                }
            return {"status": status, "by": "", "seconds": round(time.monotonic() - began, 2)}
        finally:
            os.close(reading)
            path.write_bytes(original)

    def _child(self, job, original: str, tests: list[str], writing: int):
        status = FAILED
        try:
            os.setsid()
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            status = self._run(job, original, tests, writing)
        except BaseException as error:  # whatever it is, the child must not go on as if it were the parent
            os.write(writing, f"{type(error).__name__}: {error}"[:200].encode())
        finally:
            os._exit(status)

    def _run(self, job, original: str, tests: list[str], writing: int) -> int:
        path = str(ROOT / job["file"])
        if path.endswith(".py") and not _replace(self.functions[path], original, job["source"], path):
            return UNFIT
        _forget_templates()
        items = [self.items[test] for test in tests]
        self.session._setupstate.teardown_exact(items[0])
        for item, following in zip(items, [*items[1:], None], strict=True):
            for report in runtestprotocol(item, nextitem=following, log=False):
                if report.failed:
                    os.write(writing, item.nodeid.encode())
                    return FAILED
        return PASSED


class KeptDatabase:
    """The tests' database as it is when nothing has run: a child that is ended leaves its rows behind."""

    def __init__(self):
        from django.db import connections

        settings = connections["default"].settings_dict
        connections.close_all()
        self.name = str(settings["NAME"])
        self.is_file = "sqlite" in settings["ENGINE"]
        if self.is_file:
            with contextlib.closing(sqlite3.connect(self.name)) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copy2(self.name, f"{self.name}.kept")
        else:
            keys = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
            self.server = {name: settings[key] for name, key in keys.items() if settings[key]}
            self._say(f'DROP DATABASE IF EXISTS "{self.name}_kept"')
            self._say(f'CREATE DATABASE "{self.name}_kept" TEMPLATE "{self.name}"')

    def put_back(self):
        if self.is_file:
            for ending in ("-wal", "-shm"):
                Path(f"{self.name}{ending}").unlink(missing_ok=True)
            shutil.copy2(f"{self.name}.kept", self.name)
        else:
            self._say(f'DROP DATABASE "{self.name}" WITH (FORCE)')
            self._say(f'CREATE DATABASE "{self.name}" TEMPLATE "{self.name}_kept"')

    def _say(self, sql: str):
        import psycopg

        with psycopg.connect(**self.server, dbname="postgres", autocommit=True) as connection:
            connection.execute(sql)


def _has_database(item) -> bool:
    """Whether a test has one that is put back by itself, without a server or threads."""
    marker = item.get_closest_marker("django_db")
    return (
        marker is not None
        and not marker.kwargs
        and not {"live_server", "transactional_db"} & set(item.fixturenames)
    )


def _wait(pid: int, until: float) -> str:
    """What became of a child; everything that it started ends with it."""
    status = None
    while status is None and time.monotonic() < until:
        done, status_now = os.waitpid(pid, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(status_now)
        else:
            time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    if status is None:
        os.waitpid(pid, 0)
        return "killed"
    return {PASSED: "survived", UNFIT: "unfit"}.get(status, "killed")


def _functions_by_file() -> dict[str, list[FunctionType]]:
    found: dict[str, list[FunctionType]] = defaultdict(list)
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename.startswith(f"{ROOT}/"):
            found[thing.__code__.co_filename].append(thing)
    return found


def _codes(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """Every piece of code in a module: (qualified name, which of those of that name) -> code."""
    found: dict[tuple[str, int], CodeType] = {}
    counts: dict[str, int] = defaultdict(int)

    def walk(outer: CodeType) -> None:
        for constant in outer.co_consts:
            if isinstance(constant, CodeType):
                found[constant.co_qualname, counts[constant.co_qualname]] = constant
                counts[constant.co_qualname] += 1
                walk(constant)

    walk(code)
    return found


def _replace(functions: list[FunctionType], original: str, changed: str, filename: str) -> bool:
    """Give functions the code of a changed source.

    False where that is not enough: more than functions changed, or one would need another closure than it has.
    """
    was, becomes = compile(original, filename, "exec"), compile(changed, filename, "exec")
    if _outside(was) != _outside(becomes):
        return False
    before, after = list(_codes(was).items()), _codes(becomes)
    for function in functions:
        old = function.__code__
        keys = [key for key, code in before if _place(code) == _place(old)]
        if len(keys) > 1:
            keys = [key for key, code in before if code == old]
        if not keys or (new := after.get(keys[0])) is None:
            continue
        if new.co_freevars != old.co_freevars:
            return False
        function.__code__ = new
    return True


def _outside(code: CodeType) -> list:
    """What runs when a module is imported: its own code and that of its classes, less the functions."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    classes = [_outside(one) for one in inner if not one.co_flags & inspect.CO_OPTIMIZED]
    plain = [repr(constant) for constant in code.co_consts if not isinstance(constant, CodeType)]
    return [code.co_code, code.co_names, plain, classes]


def _forget_templates() -> None:
    from django.template import engines

    for engine in engines.all():
        for loader in getattr(engine, "engine", engine).template_loaders:
            if hasattr(loader, "reset"):
                loader.reset()


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def pytest_configure(config):
    if jobs := os.environ.get("CHANGES"):
        sys.setrecursionlimit(10_000)
        config.pluginmanager.register(Tries(Path(jobs)), "tries")
