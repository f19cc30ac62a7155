"""Undo: the last answer alone, one's own alone, and only where it counts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studies.trials.allocation import undo_answer, void_answer
from tests.studies.taking_part import answer, two_people

from .test_answer_trial import running

pytestmark = pytest.mark.django_db


def test_undoing_gives_the_trial_back_with_a_new_lease_and_touches_nobody_else(settings):
    _, first, second = two_people()
    response, others = answer(first, 1).response, answer(second, 1).response
    assert not undo_answer(participant=first, answer_id=others.answer_id)
    assert undo_answer(participant=first, answer_id=response.answer_id)
    trial = first.trials.get(position=1)
    assert trial.state == "claimed"
    assert trial.lease_until > timezone.now() + timedelta(seconds=settings.LEASE_SECONDS - 60)
    others.refresh_from_db()
    assert (others.status, others.trial.state) == ("counted", "answered")


@pytest.mark.parametrize("status", ["surplus", "void"])
def test_an_answer_that_does_not_count_cannot_be_taken_back(status):
    _, [participant] = running(orders=["2,0,1"])
    last = answer(participant, 1).response
    if status == "surplus":
        last = answer(participant, 1, 1).response
    else:
        void_answer(response=last, reason="fell asleep")
    assert not undo_answer(participant=participant, answer_id=last.answer_id)
    last.refresh_from_db()
    assert last.status == status
    assert participant.trials.get().state in ("answered", "void")


@pytest.mark.parametrize("state", ["withdrawn", "screened"])
def test_who_takes_part_no_more_takes_nothing_back(state):
    _, [participant] = running(orders=["2,0,1"])
    response = answer(participant, 1).response
    participant.state = state
    participant.save()
    assert not undo_answer(participant=participant, answer_id=response.answer_id)
