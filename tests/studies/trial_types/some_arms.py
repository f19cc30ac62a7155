"""Trial types whose trials show two of four arms, or one: made for tests, of the parts of the choice."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from django.urls import reverse

from studies.lifecycle.opening import open_study
from studies.models import Invitation, Participant, Study, Trial
from studies.trial_types import Layout, registry
from studies.trial_types.choice import CHOICE
from studies.trial_types.choice.answers import ChoiceAnswers
from studies.trial_types.choice.people import ChoicePeople
from tests.factories import make_study

# Of different lengths, and so with different pictures (tests/factories.py).
ARMS = ("grad-cam", "ablation-cam", "layer-cam", "pixel-ablation-cam")
BYTES = 12_000
SAME = -1


class SomeArms(Layout):
    """Every order of so many arms equally often, dealt out at random in rounds of its own."""

    def __init__(self, most: int) -> None:
        self.most = most

    def shown(self, arms: int) -> int:
        return min(self.most, arms)

    def rows(self, *, arms, items, stages, seed):
        random = np.random.default_rng(seed)
        orders = list(permutations(range(arms), self.shown(arms)))
        deck: list[tuple[int, ...]] = []
        for _ in range(stages[-1]):
            for item in random.permutation(items).tolist():
                deck = deck or [orders[place] for place in random.permutation(len(orders))]
                yield item, deck.pop()


class PeopleOfSome(ChoicePeople):
    """Their shares, of what is there."""

    def answer(self, stated, *, own, taste, order, values, random):
        there = own[[*order, SAME]]
        picked = int(random.choice(len(there), p=there / there.sum()))
        return picked if picked < len(order) else SAME


class AnswersToOne(ChoiceAnswers):
    """The one map matches, or it does not."""

    def prefers_place(self, shown_value, place):
        return shown_value == (0 if place == 0 else SAME)


TWO = replace(CHOICE, layout=SomeArms(2), people=PeopleOfSome())
ONE = replace(CHOICE, layout=SomeArms(1), people=PeopleOfSome(), answers=AnswersToOne())


@pytest.fixture(params=[TWO, ONE], ids=["two of four", "one of four"])
def asked(request, monkeypatch):
    """The type, in place of the choice: its studies have the columns, wording and results of one."""
    monkeypatch.setitem(registry._TYPES, "choice", request.param)
    return request.param


@pytest.fixture
def two(monkeypatch):
    monkeypatch.setitem(registry._TYPES, "choice", TWO)
    return TWO


@pytest.fixture
def one(monkeypatch):
    monkeypatch.setitem(registry._TYPES, "choice", ONE)
    return ONE


def ready(**fields) -> Study:
    """A study of four arms with boxes."""
    study = make_study(**{"methods": ARMS, "items": 6, "responses_per_item": 2, **fields})
    for item in study.items.select_related("image"):
        item.image.boxes = [[8.0, 8.0, 34.0, 34.0]]
        item.image.save(update_fields=["boxes"])
    return study


def opened(**fields) -> tuple[Study, str]:
    study = open_study(study=ready(**fields))
    return study, reverse("join", args=[Invitation.issue(study)[1]])


def current(participant: Participant) -> Trial:
    return participant.trials.filter(state="claimed").order_by("position")[0]


def go_through(visitor, join: str, seed: int = 0) -> None:
    """Everything answered by chance, attention checks right."""
    random = np.random.default_rng(seed)
    visitor.start(join)
    while visitor.on_trial:
        trial = current(Participant.objects.last())
        right = trial.arms.index(0) if trial.kind == "check" else 0
        visitor.answer(right if trial.kind == "check" else int(random.integers(-1, len(trial.arms))))


def answered(another_visitor, people: int = 4, **fields) -> Study:
    study, join = opened(**{"responses_per_item": people, **fields})
    for number in range(people):
        go_through(another_visitor(), join, seed=number)
    return study
