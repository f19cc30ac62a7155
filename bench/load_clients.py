"""The load generator: many simulated volunteers in one process, over plain sockets.

    python -m bench.load_clients < plan.json        prints JSON, its own CPU time among it

A volunteer does what static/js/queue.js does: it asks once for the trials in its hand, then posts each answer with
an id, the CSRF token and cookie, and reads from the reply what comes next. `plan`: port, kind ("page" or "floor"),
seconds, tokens (one volunteer each), pace (seconds between the answers of one, 0: no think time), pictures.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from uuid import uuid4

AGENT = "Host: 127.0.0.1\r\nUser-Agent: bench\r\n"
LATE = 0.1  # seconds behind its own timetable at which a paced generator is itself too slow


@dataclass
class Tally:
    """What was seen: seconds for each request, by kind."""

    times: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    late: int = 0
    started: float = 0.0

    def add(self, kind: str, seconds: float) -> None:
        self.times.setdefault(kind, []).append(seconds)

    def error(self, what: str) -> None:
        self.errors[what] = self.errors.get(what, 0) + 1


class Line:
    """One connection. Paced people open one for each answer, as gunicorn closes idle ones after two seconds."""

    def __init__(self, port: int):
        self.port, self.writer = port, None

    async def ask(self, head: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(f"{head}{AGENT}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(
            line.lower().split(": ", 1) if ": " in line else (line, "") for line in lines[1:] if line
        )
        cookie = next((line.split(": ", 1)[1] for line in lines if line.lower().startswith("set-cookie")), "")
        content = await self.reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return int(lines[0].split()[1]), {"cookie": cookie.split(";")[0]}, content

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None


class Volunteer:
    """Someone past the instructions."""

    def __init__(self, line: Line, token: str, tally: Tally, pictures: bool):
        self.line, self.tally, self.pictures = line, tally, pictures
        self.path = f"/p/{token}/answers/"
        self.cookie, self.csrf = "", ""
        self.trials: list[dict] = []
        self.loaded = 0

    async def begin(self) -> None:
        self.take(await self.timed("begin", f"GET {self.path} HTTP/1.1\r\n"))
        await self.load_pictures()

    async def answer(self) -> None:
        trial = self.trials[0]
        operation = {
            "id": str(uuid4()),
            "kind": "answer",
            "position": trial["position"],
            "value": random.choice((-1, 0, 1, 2)),
            "response_ms": 4321,
            "telemetry": {"first_ms": 4000, "changes": 0, "hidden_ms": 0, "viewport": [390, 844]},
        }
        head = (
            f"POST {self.path} HTTP/1.1\r\nContent-Type: application/json\r\n"
            f"X-CSRFToken: {self.csrf}\r\nCookie: {self.cookie}\r\n"
        )
        body = json.dumps({"operations": [operation]}).encode()
        kind = "answer and claim" if len(self.trials) <= 3 else "answer"
        reply = await self.timed(kind, head, body)
        if reply["settled"] != [operation["id"]]:
            raise ValueError("not settled")
        self.take(reply)
        await self.load_pictures()

    def take(self, reply: dict) -> None:
        self.trials, self.csrf = reply["trials"], reply.get("csrf", self.csrf)

    async def load_pictures(self) -> None:
        """The pictures of trials that are new in the hand's first three, as static/js/pictures.js preloads them."""
        if not self.pictures:
            return
        for trial in self.trials[:3]:
            if trial["position"] > self.loaded:
                self.loaded = trial["position"]
                for address in trial["pictures"]:
                    await self.timed("picture", f"GET {address} HTTP/1.1\r\n", read=False)

    async def timed(self, kind: str, head: str, body: bytes = b"", read: bool = True) -> dict:
        begun = time.perf_counter()
        status, headers, content = await self.line.ask(head, body)
        self.tally.add(kind, time.perf_counter() - begun)
        if status != 200:
            raise ValueError(f"{kind}: {status}")
        self.cookie = headers["cookie"] or self.cookie
        return json.loads(content) if read else {}


async def without_think_time(plan: dict, tokens: list[str], tally: Tally, end: float) -> None:
    """One client: a volunteer after the other, each answer as soon as the last one is acknowledged."""
    line = Line(plan["port"])
    while tokens and time.perf_counter() < end:
        volunteer = Volunteer(line, tokens.pop(), tally, plan["pictures"])
        await volunteer.begin()
        while volunteer.trials and time.perf_counter() < end:
            await volunteer.answer()
    line.close()


async def floor(plan: dict, tally: Tally, end: float) -> None:
    line = Line(plan["port"])
    body = json.dumps({"study": plan["floor"], "participant": plan["participant"]}).encode()
    while time.perf_counter() < end:
        begun = time.perf_counter()
        status, _, _ = await line.ask("POST /answer/ HTTP/1.1\r\nContent-Type: application/json\r\n", body)
        tally.add("answer", time.perf_counter() - begun)
        if status != 200:
            raise ValueError(f"floor: {status}")
    line.close()


async def paced(plan: dict, token: str, number: int, tally: Tally, end: float) -> None:
    """One volunteer who answers every `pace` seconds, whenever the last reply came."""
    due = tally.started + plan["pace"] * number / len(plan["tokens"])  # people come one after the other
    line = Line(plan["port"])
    volunteer = Volunteer(line, token, tally, plan["pictures"])
    first = True
    while due < end and (first or volunteer.trials):
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
            tally.late += time.perf_counter() - due > LATE
        await (volunteer.begin() if first else volunteer.answer())
        line.close()
        first, due = False, due + plan["pace"]


async def drive(plan: dict) -> dict:
    tally, tokens = Tally(started=time.perf_counter()), list(plan["tokens"])
    random.Random(0).shuffle(tokens)  # so that people who are new come between those who know their way
    end = tally.started + plan["seconds"]

    async def guarded(work) -> None:
        try:
            await work
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            tally.error(f"{type(error).__name__}: {error}"[:80])

    if plan["pace"]:
        works = [paced(plan, token, number, tally, end) for number, token in enumerate(tokens)]
    elif plan["kind"] == "floor":
        works = [floor(plan, tally, end) for _ in range(plan["clients"])]
    else:
        works = [without_think_time(plan, tokens, tally, end) for _ in range(plan["clients"])]
    await asyncio.gather(*map(guarded, works))
    return {
        "times": tally.times,
        "errors": tally.errors,
        "late": tally.late,
        "seconds": time.perf_counter() - tally.started,
        "cpu": time.process_time(),
    }


if __name__ == "__main__":
    json.dump(asyncio.run(drive(json.load(sys.stdin))), sys.stdout)
