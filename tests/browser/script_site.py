"""Pages for one script each, without the Django server: files come from static/, replies from the test, and time stands
still until the test lets it pass."""

import json
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Error

STATIC = Path(__file__).resolve().parents[2] / "static"
PATIENCE = 60  # seconds to wait for what a page does by itself
HOME = "http://blindsight.test"  # not a safe context: some of what HTTPS gives a page is not there
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Site:
    """A page that is used again by every test of a file. `at` says by path what the server replies."""

    def __init__(self, page):
        self.page = page
        page.context.route("**/*", self._reply)
        page.clock.install(time=0)
        page.clock.pause_at(1000)
        self.forget()

    def forget(self):
        self.at = {}
        self.clear = "localStorage.clear(); sessionStorage.clear();"  # of what the test before kept
        self.photos = Photos()  # whatever ends in .jpg
        self.asked = []  # (method, path) of everything but static files

    def open(self, html, path="/page/", before="", script=""):
        """Show a page. `before` runs first of all, `script` is a module; both are JavaScript."""
        page = html + (f'<script type="module">{script}</script>' if script else "")
        page = f"<!doctype html><script>{before}</script>{page}"
        self.at[path] = page.replace("<script>", f"<script>{self.clear}", 1)
        # By then the scripts ran; pictures may be held.
        self.page.goto(HOME + path, wait_until="domcontentloaded")
        self.at[path], self.clear = page, ""
        return self.page

    def pass_time(self, ms):
        """Let timers run for a while, and what they began reach the server."""
        self.page.clock.run_for(ms)
        self.settle()

    def settle(self):
        """Everything that the page has asked for so far has reached the server, and an immediate reply the page."""
        for _ in range(2):
            self._round_trip()

    def until(self, true):
        """Wait for a condition of the test, or an expression of the page."""
        deadline = time.monotonic() + PATIENCE
        while not (self.page.evaluate(true) if isinstance(true, str) else true()):
            assert time.monotonic() < deadline, f"Not true within {PATIENCE} s: {true}"
            self._round_trip()

    def _round_trip(self):
        try:
            self.page.evaluate("fetch('/settle').then((reply) => reply.text())")
        except Error as error:  # the page is on its way to another
            if "navigation" not in str(error) and "fetch" not in str(error):
                raise
            self.page.wait_for_load_state("domcontentloaded")

    def pass_until(self, true, step=100):
        """Let time pass until an expression of the page is true."""
        deadline = time.monotonic() + PATIENCE
        while not self.page.evaluate(true):
            assert time.monotonic() < deadline, f"Not true, however much time passes: {true}"
            self.pass_time(step)

    def paths(self, pattern):
        """Those paths asked for in which a pattern is found."""
        return [path for _, path in self.asked if re.search(pattern, path)]

    def _reply(self, route):
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            return route.fulfill(body=file.read_bytes(), content_type=TYPES.get(file.suffix))
        if path == "/settle":
            return route.fulfill(body="")
        self.asked.append((route.request.method, path))
        reply = self.at.get(path)
        if path.endswith(".jpg"):
            return self.photos(route)
        if callable(reply):
            return reply(route)
        if isinstance(reply, int):
            return route.fulfill(status=reply)
        if isinstance(reply, dict):
            return route.fulfill(json=reply)
        return route.fulfill(body=reply or "", status=200 if reply else 404, content_type="text/html")


class Answers:
    """The address that takes answers: it settles what it is sent, or does what `planned` says, one entry a request:
    a status, "lost" (stored, but the reply is not heard), "held" (no reply until `release`), or parts of a reply."""

    block = {}  # what each reply says besides

    def __init__(self):
        self.stored = {}  # operations by id
        self.planned = []
        self.requests = []  # method, token, operations
        self.held = []

    def __call__(self, route):
        request = route.request
        operations = json.loads(request.post_data)["operations"] if request.method == "POST" else []
        self.requests.append((request.method, request.headers.get("x-csrftoken"), operations))
        plan = self.planned.pop(0) if self.planned else {}
        if plan == "lost":
            self.store(operations)
            return route.abort()
        if plan == "held":
            return self.held.append((route, operations))
        if isinstance(plan, int):
            return route.fulfill(status=plan)
        return self._take(route, operations, plan)

    def _take(self, route, operations, said):
        self.store(operations)
        route.fulfill(json={**self.block, "settled": [operation["id"] for operation in operations], **said})

    def store(self, operations):
        self.stored |= {operation["id"]: operation for operation in operations}

    def release(self, **said):
        route, operations = self.held.pop(0)
        self._take(route, operations, said)

    @property
    def sent(self):
        """Every operation, in the order in which it came."""
        return [operation for _, _, operations in self.requests for operation in operations]

    @property
    def methods(self):
        return [method for method, _, _ in self.requests]


class Photos:
    """Pictures by path: they come, are held until `release`, or fail as often as the test says."""

    def __init__(self):
        self.hold = set()
        self.held = {}
        self.failures = {}

    def __call__(self, route):
        path = urlsplit(route.request.url).path
        if path in self.hold:
            self.held[path] = route
        elif self.failures.get(path, 0) > 0:
            self.failures[path] -= 1
            route.fulfill(status=500)
        else:
            self._show(route, path)

    def release(self, path):
        self.hold.discard(path)
        self._show(self.held.pop(path), path)

    def _show(self, route, path):
        """Each trial has a red of its own, and each slot a green."""
        red, green = (10 * int(number) for number in re.findall(r"(\d+)/(\d+)\.jpg$", path)[0])
        size = "width='4' height='4'"
        rect = f"<rect {size} fill='rgb({red},{green},0)'/>"
        svg = f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{rect}</svg>"
        route.fulfill(body=svg, content_type="image/svg+xml")
