"""How much of static/js the browser ran in the tests of the scripts themselves, over all workers: a table at the end.

Chromium counts by itself (V8's block coverage, over the DevTools protocol); nothing is built or changed for it. The share
is that of characters in functions and branches that ran at least once, in a page that was given to `counted`. Pages of
whole sessions are not counted: they run no line more, and each would cost as much as a test of a script.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Error

SCRIPTS = Path(__file__).resolve().parents[2] / "static" / "js"
MARK = "/static/js/"
# With RenderDocument each navigation begins with new counts, and those of the page before are gone. Only the last such
# switch is heard, so what Playwright switches off, and could matter to a test, is named again.
CHROMIUM_ARGS = [
    "--disable-features=RenderDocument,PaintHolding,HttpsUpgrades,OptimizationHints,MediaRouter,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,ThirdPartyStoragePartitioning"
]

ran: dict[str, bytearray] = {}  # module: for each character 1 where it ran
sessions = {}


def counted(page):
    """The page, whose scripts are counted from now on. Count before it goes anywhere."""
    session = page.context.new_cdp_session(page)
    session.send("Profiler.enable")
    session.send("Profiler.startPreciseCoverage", {"callCount": False, "detailed": True})
    sessions[page] = session
    return page


def collect(context):
    """Add up what the pages of a context ran; to be called before it closes."""
    for page in context.pages:
        session = sessions.pop(page, None)
        if session is None:
            continue
        try:
            scripts = session.send("Profiler.takePreciseCoverage")["result"]
        except Error:  # the page broke down: its test says so
            continue
        for script in scripts:
            if MARK in script["url"]:
                add(script["url"].partition(MARK)[2].partition("?")[0], script["functions"])


def add(name, functions):
    source = SCRIPTS / name
    if source.is_file():
        now = characters(functions, len(source.read_text("utf-8")))
        merge(name, now)


def characters(functions, length):
    """For each character 1 where it ran. Functions stand from the outside in, and so do the ranges of each."""
    now = bytearray(length)
    for function in functions:
        for part in function["ranges"]:
            start, end = part["startOffset"], min(part["endOffset"], length)
            now[start:end] = bytes([part["count"] > 0]) * (end - start)
    return now


def merge(name, more):
    so_far = ran.setdefault(name, bytearray(len(more)))
    ran[name] = bytearray(a | b for a, b in zip(so_far, more, strict=True))


def not_run(text, flags):
    """The lines, as "3, 7-9", of which a character other than space and brackets did not run."""
    lines, number = set(), 1
    for character, flag in zip(text, flags, strict=True):
        if not flag and character not in " \n{}();,":
            lines.add(number)
        number += character == "\n"
    runs = []
    for line in sorted(lines):
        if runs and runs[-1][1] == line - 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)


def pytest_sessionfinish(session):
    """A worker of xdist hands over what its pages ran."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["js_ran"] = {name: flags.hex() for name, flags in ran.items()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    for name, flags in getattr(node, "workeroutput", {}).get("js_ran", {}).items():
        merge(name, bytes.fromhex(flags))


def pytest_terminal_summary(terminalreporter):
    if not ran:
        return
    terminalreporter.section(
        "static/js: characters that ran in tests of the scripts themselves (V8's block coverage)"
    )
    every = seen = 0
    for path in sorted(SCRIPTS.glob("*.js")):
        text = path.read_text("utf-8")
        flags = ran.get(path.name, bytearray(len(text)))
        every, seen = every + len(text), seen + sum(flags)
        lines = not_run(text, flags)
        said = f"   not run, in whole or in part: {lines}" if lines else ""
        terminalreporter.line(f"{path.name:16}{sum(flags) / len(text):7.1%}{said}")
    terminalreporter.line(f"{'all':16}{seen / every:7.1%}")
