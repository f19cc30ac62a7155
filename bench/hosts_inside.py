"""What bench/hosts.py does inside a site, whose engines the environment names: `python -m bench.hosts_inside STEP …`.

migrate                     the database
prepare                     the demo's photos, networks, maps by the workers that are there, and both studies, open
people ADDRESS [ADDRESS …]  simulated people, each request to the next of the web hosts; prints what the rows say
maps FILE                   every map as an array
"""

import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from io import StringIO
from itertools import cycle
from pathlib import Path

import django
import httpx
import numpy as np
from bs4 import BeautifulSoup

AT_ONCE, LEAVING = 12, 0.06  # people at the same time; the chance of leaving for good after an answer
PATIENCE = 240  # seconds until workers that do not come, or a study that does not fill up, are an error
SLUGS = ("method-choice", "reliability")  # those of the demo


def migrate() -> dict:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    return {}


def prepare() -> dict:
    from django.core.management import call_command

    from explain.models import Batch, ExplanationMap, Worker
    from studies.management.commands import demo

    call_command(
        "import_images", demo.settings.BASE_DIR / "samples/photos/manifest.csv", "--set", "samples", "--yes"
    )
    for name, load in demo.NETWORKS.items():
        call_command("add_network", name, "--load", load)
    wanted = int(os.environ["BENCH_WORKERS"])
    until(lambda: Worker.objects.count() >= wanted, f"{wanted} workers")
    began = time.perf_counter()
    call_command("precompute", "samples", "--networks", ",".join(demo.NETWORKS), "--methods", demo.METHODS)
    seconds = time.perf_counter() - began
    for slug in SLUGS:
        call_command("create_study", demo.settings.BASE_DIR / f"docs/protocols/{slug}.toml")
        call_command("open_study", slug)
    done = Counter(Batch.objects.filter(state="done").values_list("worker", flat=True))
    return {
        "maps": ExplanationMap.objects.count(),
        "batches_by_worker": sorted(done.values(), reverse=True),
        "batches_not_done": Batch.objects.exclude(state="done").count(),
        "seconds_maps": round(seconds, 1),
    }


def until(fact, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not fact():
        if time.monotonic() > end:
            sys.exit(f"bench: no {what} within {PATIENCE} s")
        time.sleep(0.2)


class Balanced(httpx.Client):
    """Each request goes to the next of the web hosts, as behind a proxy."""

    ports: Iterator[int]  # without an end

    def send(self, request, **options):
        request.url = request.url.copy_with(port=next(self.ports))
        return super().send(request, **options)


def turns(addresses: list[str], first: int) -> Iterator[int]:
    """The ports of the addresses, again and again, from one of them."""
    ports = [httpx.URL(address).port for address in addresses]
    start = first % len(ports)
    return cycle(ports[start:] + ports[:start])


class Person:
    """Someone whose answer depends on the item and the order of its maps alone, so that whoever answers a trial in
    whatever sequence, a study gets the same answers. Some leave for good, with what they hold in their hand."""

    def __init__(self, study, number: int):
        self.study, self.random = study, np.random.default_rng([11, study.pk, number])
        self.pictures: list[tuple[int, int, str]] = []  # trial, slot, SHA-256 of what came

    def value(self, trial) -> int:
        said = np.random.default_rng([self.study.seed, trial.item.index, *trial.arms])
        if self.study.task == "rating":
            return int(said.integers(-2, 3))
        return int(said.integers(-1, len(trial.arms)))

    def take_part(self, client: httpx.Client, join_path: str) -> bool:
        """From the invitation to the code; whether they left on the way."""
        from studies.simulation.volunteers import checked, find_form, press, trial_of

        page = checked(client.get(join_path))
        while form := find_form(page):
            extra = {}
            if form.get("id") == "answer":
                trial = trial_of(page, form)
                self._look(client, page, trial)
                extra = {"value": str(self.value(trial))}
            page = press(client, page, form, extra)
            if extra and self.random.random() < LEAVING:
                return True
        return False

    def _look(self, client: httpx.Client, page: httpx.Response, trial) -> None:
        pictures = BeautifulSoup(page.text, "html.parser").select("main img[src]")
        for slot, picture in enumerate(pictures):
            reply = client.get(str(picture["src"])).raise_for_status()
            self.pictures.append((trial.pk, slot, hashlib.sha256(reply.content).hexdigest()))


def fill(study, addresses: list[str]) -> dict:
    """People come until every trial is answered: those who left have let what they held run out."""
    from django.db import connections
    from django.urls import reverse

    from studies.models import Invitation, Trial
    from studies.simulation.volunteers import LIMITS

    _, token = Invitation.issue(study, label="bench", simulated=True)
    join_path, people, left = reverse("join", args=[token]), [], 0
    began, end = time.perf_counter(), time.monotonic() + PATIENCE

    def come(person_and_number) -> bool:
        person, number = person_and_number
        try:
            with Balanced(base_url=addresses[0], follow_redirects=True, timeout=60, limits=LIMITS) as client:
                client.ports = turns(addresses, number)
                return person.take_part(client, join_path)
        finally:
            connections.close_all()

    def open_trials() -> int:
        return Trial.objects.filter(study=study, kind="main").exclude(state__in=["answered", "void"]).count()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        while waiting := open_trials():
            if time.monotonic() > end:
                sys.exit(f"bench: {study.slug}: {waiting} trials are not answered after {PATIENCE} s")
            wave = [Person(study, len(people) + n) for n in range(min(AT_ONCE, 1 + waiting // 8))]
            left += sum(pool.map(come, [(one, len(people) + n) for n, one in enumerate(wave)]))
            people += wave
            time.sleep(float(os.environ["LEASE_SECONDS"]) / 4)
    seconds = time.perf_counter() - began
    return {"people": len(people), "left": left, "seconds": round(seconds, 1)} | pictures(study, people)


def pictures(study, people: list[Person]) -> dict:
    """What came over both hosts beside what is stored: how many, and how many of them differ."""
    from studies.models import ItemMap, Trial

    stored: dict[str, str] = {}

    def sha256(file) -> str:
        if file.name not in stored:
            with file.open("rb") as opened:
                stored[file.name] = hashlib.sha256(opened.read()).hexdigest()
        return stored[file.name]

    trials = {trial.pk: trial for trial in Trial.objects.filter(study=study).select_related("item")}
    maps = {
        (shown.item_id, shown.arm.index): shown.picture
        for shown in ItemMap.objects.filter(item__study=study).select_related("arm")
    }
    seen = [one for person in people for one in person.pictures]
    unlike = 0
    for pk, slot, found in seen:
        trial = trials[pk]
        file = trial.item.picture if slot == 0 else maps[trial.item_id, trial.arms[slot - 1]]
        unlike += found != sha256(file)
    return {"pictures": len(seen), "pictures_unlike": unlike}


def facts(study) -> dict:
    """What the rows of a filled study say."""
    from django.core.management import call_command

    from studies.models import Response

    answers = Response.objects.filter(trial__study=study)
    counted = answers.filter(status="counted").select_related("trial")
    per_item = Counter(counted.values_list("trial__item", flat=True))
    twice = Counter(counted.values_list("participant", "trial__item"))
    places = Counter((arm, place) for one in counted for place, arm in enumerate(one.trial.arms))
    said = StringIO()
    with redirect_stdout(said):
        call_command("scores", study.slug, "--json")
    scores = json.loads(said.getvalue())
    return {
        "answers_by_item": sorted({*per_item.values()}),
        "items": len(per_item),
        "counted": counted.count(),
        "surplus": answers.exclude(status="counted").count(),
        "most_by_one_person": max(twice.values()),
        "required": study.responses_per_item,
        "places": [[arm, place, count] for (arm, place), count in sorted(places.items())],
        "scores": points(scores),
    }


def points(scores: dict) -> dict[str, float]:
    """What the answers alone decide: no interval, which depends on who gave them."""
    if "mean" in scores:
        return {"mean": scores["mean"]}
    return {name: one["score"] for name, one in scores["scores"].items()} | {"same": scores["same"]["score"]}


def people(addresses: list[str]) -> dict:
    from config.files import check_files
    from studies.models import Study

    found = {slug: fill(Study.objects.get(slug=slug), addresses) for slug in SLUGS}
    for slug in SLUGS:
        found[slug] |= facts(Study.objects.get(slug=slug))
    files = check_files()
    return {"studies": found, "files": files.rows, "lost": len(files.lost), "orphans": len(files.orphans)}


def keep_maps(path: str) -> dict:
    from explain.models import ExplanationMap

    rows = ExplanationMap.objects.select_related("image", "network")
    arrays = {f"{one.image.original_name}|{one.network.name}|{one.method}": one.array() for one in rows}
    np.savez(Path(path), **arrays)
    return {"maps": len(arrays)}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    step, *arguments = sys.argv[1:]
    shown = sys.stdout
    steps = {"migrate": migrate, "prepare": prepare, "people": lambda: people(arguments)}
    steps["maps"] = lambda: keep_maps(*arguments)
    with redirect_stdout(sys.stderr):  # commands print tables
        found = steps[step]()
    json.dump(found, shown)


if __name__ == "__main__":
    main()
