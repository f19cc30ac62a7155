"""What fails half way has changed nothing: no answer without its trial, and nobody who is half gone."""

import pytest
from django.core import serializers

from studies.models import Event, Participant, Response, Trial
from studies.trials import allocation, sql
from studies.trials.allocation import claim_trials, undo_answer, void_answer, void_participant, withdraw
from tests.factories import make_participant
from tests.studies.taking_part import answer, expire, two_people

pytestmark = pytest.mark.django_db


class NoPowerError(Exception):
    pass


def fails(*_args, **_kwargs):
    raise NoPowerError


def everything():
    rows = [row for model in (Participant, Trial, Response, Event) for row in model.objects.order_by("pk")]
    return serializers.serialize("json", rows)


# What is done, and the step in the middle of it that fails.
STEPS = {
    "a claim": (lambda first, second: claim_trials(participant=second, count=2), sql, "give"),
    "an answer": (lambda first, second: answer(first, 2), sql, "insert"),
    "a late answer": (lambda first, second: answer(first, 1), allocation, "_settle"),
    "an undo": (
        lambda first, second: undo_answer(participant=first, answer_id=first.responses.get().answer_id),
        Trial,
        "save",
    ),
    "an answer taken out": (
        lambda first, second: void_answer(response=first.responses.get(), reason="why not"),
        Event,
        "save",
    ),
    "a person taken out": (
        lambda first, second: void_participant(participant=first, reason="why not"),
        allocation,
        "_take_back",
    ),
    "a withdrawal": (lambda first, second: withdraw(participant=first), Participant, "save"),
}


@pytest.mark.parametrize("what", STEPS)
def test_what_fails_half_way_has_changed_nothing(monkeypatch, what):
    study, first, second = two_people(items=4)
    if what in ("a claim", "a late answer"):
        third = make_participant(study, 3)
        expire(study)
        if what == "a late answer":
            claim_trials(participant=third, count=4)
        second = third
    elif what != "an answer":
        answer(first, 1)
    act, owner, step = STEPS[what]
    monkeypatch.setattr(owner, step, fails)
    if what == "an answer":  # on PostgreSQL it is one statement, which has no middle
        monkeypatch.setattr(sql, "_insert", fails)
    before = everything()
    with pytest.raises(NoPowerError):
        act(first, second)
    assert everything() == before
