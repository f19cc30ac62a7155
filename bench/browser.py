"""How soon the next trial is on screen after an answer, in a real Chromium (`python -m bench browser`).

From the event of the click or the tap, by its own time stamp, to the second animation frame after the next trial's
pictures, all decoded, have taken the places of the last one's: by then they are painted. Each volunteer looks at a
trial for a while, as people do; meanwhile the page loads the trials that follow. The network is this machine's own,
and a phone's (Chromium's emulation of delay and bandwidth).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.load_site import ROOT, gunicorn

SIZES = {"desk": {"width": 1280, "height": 720}, "phone": {"width": 390, "height": 844}}
NETWORKS: dict[str, dict[str, float] | None] = {
    "this machine's": None,
    "4G: 150 ms, 1.6 Mbit/s": {"latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000},
}
LOOK = 2500  # ms between a trial's being there and its answer
LIMIT = 100  # ms

# Ends with the milliseconds from the next click to the second frame after every picture has been replaced.
TIME_NEXT = """() => {
  window.shown = new Promise((resolve) => {
    let clicked = null;
    const before = new Set(document.querySelectorAll("#stage .picture"));
    addEventListener("click", (event) => { clicked ??= event.timeStamp; }, { capture: true });
    const observer = new MutationObserver(() => {
      const pictures = [...document.querySelectorAll("#stage .picture")];
      if (clicked === null || pictures.some((one) => before.has(one) || !one.complete)) return;
      observer.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - clicked)));
    });
    observer.observe(document.querySelector("#stage"), { childList: true, subtree: true });
  });
}"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    trials = 6 if options.quick else 24
    with tempfile.TemporaryDirectory(prefix="bench-browser-") as folder:
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "DATA_DIR": f"{folder}/data",
            "SECRET_KEY": "bench-only-" + "0" * 50,
            "HTTPS": "false",
        }
        command = [sys.executable, "-m", "bench.browser_study", "--trials", str(trials)]
        made = subprocess.run(
            command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        )
        study = json.loads(made.stdout)
        with (
            gunicorn("config.wsgi", environment, Path(folder) / "log") as server,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            rows = [
                measured(browser, server.port, token, size, network, trials)
                for token, (size, network) in zip(
                    study["tokens"], [(size, network) for network in NETWORKS for size in SIZES], strict=True
                )
            ]
            version = browser.version
    print(
        json.dumps(
            {
                "rows": rows,
                "chromium": version,
                "cores": os.cpu_count(),
                "load": os.getloadavg()[0],
                "kb": study["kb"],
            }
        )
    )


def measured(browser: Browser, port: int, token: str, size: str, network: str, trials: int) -> dict:
    """One volunteer's whole session; the row of the table."""
    phone = size == "phone"
    context = browser.new_context(viewport=SIZES[size], has_touch=phone, is_mobile=phone)
    page = context.new_page()
    if limits := NETWORKS[network]:
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", {"offline": False, **limits})
    page.goto(f"http://127.0.0.1:{port}/p/{token}/trial/")
    times = sorted(one_answer(page) for _ in range(trials - 1))
    context.close()
    print(f"  {size}, {network}: {times}", file=sys.stderr, flush=True)
    return {
        "size": size,
        "network": network,
        "n": len(times),
        "p50": times[len(times) // 2],
        "p95": times[min(len(times) - 1, int(0.95 * len(times)))],
        "worst": times[-1],
    }


def one_answer(page: Page) -> float:
    """Look at a trial, answer it, and see the next one: the milliseconds between."""
    page.wait_for_selector("body[data-ready]")
    page.wait_for_timeout(LOOK)
    page.evaluate(TIME_NEXT)
    page.click(".option[value='0']")
    return page.evaluate("window.shown")


def markdown(results: dict[str, Any]) -> str:
    part = results["browser"]
    lines = [
        "# How soon the next trial is on screen",
        "",
        f"Written by `python -m bench browser`. Chromium {part['chromium']}, headless, {part['cores']} cores that browser and server share, load average at the end {part['load']:.1f}. Four pictures of {part['kb']} kB on average in each "
        f"trial; the volunteer looks at each for {LOOK / 1000} s. From the click to the second frame after all pictures were replaced.",
        "",
        "| window | network | answers | median ms | p95 ms | worst ms | bound |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for row in part["rows"]:
        kept = "kept" if row["p95"] <= LIMIT else "MISSED"
        lines.append(
            f"| {row['size']} | {row['network']} | {row['n']} | {row['p50']:.0f} | {row['p95']:.0f} | {row['worst']:.0f} | p95 ≤ {LIMIT}: {kept} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
