"""Simulated volunteers who use the real pages over HTTP, as a browser would.

They come by an invitation that is marked simulated, so every answer they give carries the mark. They see what
everybody sees; which arm stands where they cannot know from the pages, so their preference looks the order up in
the trial row. The rule they follow is stated by the caller and printed before they begin.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx
import numpy as np
from bs4 import BeautifulSoup, Tag
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connection
from django.urls import reverse

from explain.core.errors import BadInputError
from studies.analysis.table import UNKNOWN
from studies.models import Invitation, Item, Study, Trial, hash_token
from studies.participation import PART
from studies.trial_types import trial_page_of, trial_type_of


class SimulationError(BadInputError):
    """A simulated volunteer met a page that it could not use."""


@dataclass(frozen=True)
class Preference:
    """What simulated volunteers prefer, stated beforehand.

    shares: for a choice study, the probability of each arm by name and of "same"; they are scaled to sum to 1.
    mean, spread: for a rating study, the normal distribution that a rating is rounded from, −2…2, positive for
        the first arm.
    concentration: how alike people are; each person's own shares come from a Dirichlet distribution around
        `shares` with this total, and each person's own mean is moved by a normal of 1/sqrt(concentration).
    dropout: the probability of leaving for good after each answer.
    values: item's index -> a value of each arm. Where it is given, the preference follows it (analysis/preference.py) and
        `shares` and `mean` are not used; people differ in how sharply they see.
    values_are: what the values are, in words.
    attention: the probability of answering an attention check right; else another button is pressed.
    lazy: the share of people who press the first button whatever they see, in attention checks too.
    position_bias: the probability that an answer is the first button, whatever is there.
    """

    shares: dict[str, float]
    mean: float = 0.0
    spread: float = 1.0
    concentration: float = 30.0
    dropout: float = 0.0
    values: dict[int, np.ndarray] | None = None
    values_are: str = ""
    attention: float = 0.95
    lazy: float = 0.0
    position_bias: float = 0.0

    def in_words(self, study: Study) -> str:
        if self.values is not None:
            text = f"they prefer the map with more of {self.values_are}"
        else:
            text = trial_type_of(study).people.rule(self)
        if study.attention_checks:
            text += f"; attention checks right {self.attention:.0%}"
        for share, habit in (
            (self.lazy, "of people always press the first button"),
            (self.position_bias, "of answers are the first button"),
            (self.dropout, "leave after each answer"),
        ):
            text += f"; {share:.0%} {habit}" if share else ""
        return text


@dataclass(frozen=True)
class Simulated:
    """What became of a simulation."""

    answers: int
    let_in: int


class Volunteer:
    """One person with one person's taste, drawn from the stated preference by a seed of their own."""

    def __init__(self, study: Study, preference: Preference, seed: list[int]):
        self.random = np.random.default_rng(seed)
        self.study, self.preference = study, preference
        self.people = trial_type_of(study).people
        arms = list(study.arms.order_by("index").values_list("name", flat=True))
        self.own = self.people.own(preference, arms, self.random)
        self.taste = self.random.normal() / np.sqrt(preference.concentration)
        self.is_lazy = self._happens(preference.lazy)

    def _happens(self, chance: float) -> bool:
        """Drawn only where there is a chance: a habit that nobody has changes no draw."""
        return chance > 0 and bool(self.random.random() < chance)

    def value(self, trial: Trial) -> int:
        """The button to press, as the study's trial type counts them."""
        first = self.people.first_of(len(trial.arms))
        if self.is_lazy:
            return first
        if trial.kind == Trial.Kind.CHECK:
            return self._check(trial.arms)
        if self._happens(self.preference.position_bias):
            return first
        return self._preferred(trial.item, trial.arms)

    def sends(self, trial: Trial) -> dict[str, str]:
        """The same as the form sends it: one value, or each part of the answer by its name."""
        value = self.value(trial)
        parts = trial_type_of(self.study).answers.apart(value)
        said = {f"{PART}{name}": part for name, part in parts.items()} or {"value": str(value)}
        return said | self.is_how_sure(trial, value)

    def is_how_sure(self, trial: Trial, value: int) -> dict[str, str]:
        """Where the study asks it: about 60 % of the scale, and 75 % where the answer is right; people differ by a tenth of it."""
        scale = trial_page_of(self.study).scale
        if scale is None:
            return {}
        answers = trial_type_of(self.study).answers
        truth = answers.truth(trial.item.prediction)
        stored = np.array([answers.stored_value(trial.arms, value)])
        is_right = answers.is_correct(stored, np.array([truth])) if truth != UNKNOWN else None
        middle = 0.75 if is_right is not None and is_right.all() else 0.6
        share = np.clip(self.random.normal(middle + self.taste / 10, 0.15), 0, 1)
        return {"confidence": str(round(scale.least + share * (scale.most - scale.least)))}

    def _check(self, places: list[int]) -> int:
        right = bool(self.random.random() < self.preference.attention)
        return self.people.check(places, right, self.random)

    def _preferred(self, item: Item, arms: list[int]) -> int:
        values = self.preference.values
        return self.people.answer_to(
            self.preference,
            truth=trial_type_of(self.study).answers.truth(item.prediction),
            own=self.own,
            taste=self.taste,
            order=arms,
            values=None if values is None else values[item.index],
            random=self.random,
        )

    def about_oneself(self) -> dict[str, str]:
        """What the study's questions are answered with: whatever lets one take part."""
        answers = {}
        for question in self.study.questions:
            allowed = question.get("eligible") or question.get("options") or []
            answers[question["key"]] = {
                "text": "simulated",
                "number": str(allowed[0]) if allowed else "30",
            }.get(question["kind"], str(allowed[0]) if allowed else "")
        return answers

    def leaves(self) -> bool:
        return bool(self.random.random() < self.preference.dropout)


def press(client: httpx.Client, page: httpx.Response, form: Tag, extra: dict[str, str]) -> httpx.Response:
    """Send a form as a browser would: its hidden and ticked fields, and the button that was pressed."""
    data = {
        str(field["name"]): str(field.get("value", "on"))
        for field in form.select("input[name]")
        if field.get("type") not in ("submit", "radio", "file")
    }
    address = urljoin(str(page.url), str(form.get("action") or page.url))
    answer = client.post(address, data={**data, **extra}, headers={"Referer": str(page.url)})
    return checked(answer)


def checked(page: httpx.Response) -> httpx.Response:
    if page.status_code >= 400:
        title = BeautifulSoup(page.text, "html.parser").title
        reason = title.get_text(strip=True) if title else page.text[:80]
        raise SimulationError(f"{page.request.method} {page.url.path}: {page.status_code} {reason}")
    return page


# gunicorn closes a connection on which nothing came for 2 s: nobody sends on one that may just be closing.
LIMITS = httpx.Limits(keepalive_expiry=1)


def take_part(base_url: str, join_path: str, volunteer: Volunteer) -> int:
    """Go from the invitation to the code, or leave on the way; the number of answers given."""
    answers = 0
    with httpx.Client(base_url=base_url, follow_redirects=True, timeout=60, limits=LIMITS) as client:
        page = checked(client.get(join_path))
        while form := find_form(page):
            extra = {}
            answering = form.get("id") == "answer"
            if answering:
                fetch_pictures(client, page)
                extra = volunteer.sends(trial_of(page, form))
            elif "v-questions" in form.get_attribute_list("class"):
                extra = volunteer.about_oneself()
            page = press(client, page, form, extra)
            answers += answering
            if answering and volunteer.leaves():
                break
    return answers


def find_form(page: httpx.Response) -> Tag | None:
    """The form that leads on: the answer form of a trial, or else the page's `data-next` form."""
    soup = BeautifulSoup(page.text, "html.parser")
    return soup.select_one("form#answer") or soup.select_one("form[data-next]")


def fetch_pictures(client: httpx.Client, page: httpx.Response) -> None:
    for picture in BeautifulSoup(page.text, "html.parser").select("main img[src]"):
        checked(client.get(urljoin(str(page.url), str(picture["src"]))))


def trial_of(page: httpx.Response, form: Tag) -> Trial:
    """The trial's row, which says which arm stands where: no page may tell."""
    position = form.select_one("input[name=position]")
    token = page.url.path.split("/p/")[1].split("/")[0]
    try:
        return Trial.objects.select_related("item").get(
            participant__token_sha256=hash_token(token),
            position=int(str(position["value"])) if position else 0,
        )
    finally:
        connection.close()


class _QuietHandler(WSGIRequestHandler):
    # Head and body are sent apart; with Nagle's algorithm the body would wait 40 ms for an acknowledgement.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args) -> None:
        pass


@contextlib.contextmanager
def local_server() -> Iterator[str]:
    """This site on a free port of 127.0.0.1 for as long as the block runs; its address.

    Django is not set up once more: that would close all handlers of logs, and those of some libraries close stderr with them.
    """
    server = ThreadedWSGIServer(("127.0.0.1", 0), _QuietHandler, connections_override={})
    server.set_app(WSGIHandler())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def simulate(
    *,
    study: Study,
    participants: int,
    seed: int,
    preference: Preference,
    base_url: str,
    at_once: int = 4,
    report: Callable[[int], object] = lambda answers: None,
) -> Simulated:
    """Send simulated volunteers through the real pages of an open study.

    Args:
        participants: how many people come.
        seed: the same seed gives the same people (which trials they meet depends on who claims first;
            with `at_once=1` that is reproducible too).
        base_url: where the site answers.
        report: called with the answers of each person who is through.

    Returns:
        How many answers were given, and how many people were let in: fewer than came where the study fills up.

    Raises:
        SimulationError: a page could not be used; the message says which.
    """
    invitation, token = Invitation.issue(
        study, label=f"simulated, seed {seed}", simulated=True, quota=participants
    )
    join_path = reverse("join", args=[token])
    volunteers = [Volunteer(study, preference, [seed, number]) for number in range(participants)]
    total = 0
    with ThreadPoolExecutor(at_once) as pool:
        for answers in pool.map(lambda person: take_part(base_url, join_path, person), volunteers):
            total += answers
            report(answers)
    return Simulated(answers=total, let_in=invitation.participants.count())
