"""Two people, or two pages of one, at the same moment: what one has begun and not ended, the other sees or waits for."""

import threading
import time
from functools import partial
from uuid import uuid4

import pytest

from explain.core import clock
from studies.models import Event, Participant, Response
from studies.participation.invitations import finish
from studies.trials import sql
from studies.trials.allocation import claim_trials, undo_answer, void_answer, void_participant, withdraw
from studies.trials.free_trials import choose_free
from tests.factories import make_participant
from tests.studies.meanwhile import meanwhile, on_postgres
from tests.studies.taking_part import answer, asked, expire, held_by, open_study

pytestmark = [on_postgres, pytest.mark.django_db(transaction=True)]


def people(count=2, **fields):
    study = open_study(**{"items": 3, "responses_per_item": 1, **fields})
    return study, *(make_participant(study, number) for number in range(1, count + 1))


def holding(person, answered=1, count=3):
    """Answers to the first trials of what somebody is given."""
    claim_trials(participant=person, count=count)
    return [answer(person, position).response for position in range(1, answered + 1)]


def lost_to(study, first, second):
    """Everything that the first was given is the second's."""
    claim_trials(participant=first, count=3)
    expire(study)
    return claim_trials(participant=second, count=3)


def test_an_answer_is_not_taken_back_after_the_code_was_given_at_that_moment():
    _, person = people(1)
    last = holding(person, 3)[-1]
    both = meanwhile(
        partial(finish, participant=person),
        partial(undo_answer, participant=person, answer_id=last.answer_id),
    )
    assert not both.second
    assert set(person.responses.values_list("status", flat=True)) == {"counted"}
    assert set(person.trials.values_list("state", flat=True)) == {"answered"}


@pytest.mark.parametrize("twice", ["taken out", "taken back"])
def test_an_answer_that_is_taken_out_at_that_moment_is_not_made_up_for_twice(twice):
    study, person = people(1)
    before, (response,) = asked(study), holding(person)
    again = {
        "taken out": partial(void_answer, response=Response.objects.get(), reason="at once"),
        "taken back": partial(undo_answer, participant=person, answer_id=response.answer_id),
    }
    both = meanwhile(partial(void_answer, response=response, reason="first"), again[twice])
    assert both.first
    assert not both.second
    assert asked(study) == before
    assert Response.objects.get().status == "void"


def test_an_answer_that_is_taken_back_at_that_moment_is_not_taken_out_too():
    study, person = people(1)
    before, (response,) = asked(study), holding(person)
    both = meanwhile(
        partial(undo_answer, participant=person, answer_id=response.answer_id),
        partial(void_answer, response=response, reason="at once"),
    )
    assert (both.first, both.second) == (True, None)
    assert asked(study) == before
    assert [trial.position for trial in held_by(person)] == [1, 2, 3]


@pytest.mark.parametrize("leave", [withdraw, partial(void_participant, reason="a robot")])
def test_what_somebody_claims_at_the_moment_they_go_is_free_for_others(leave):
    study, person, other = people()
    before = asked(study)
    meanwhile(partial(claim_trials, participant=person, count=3), partial(leave, participant=person))
    assert held_by(person) == []
    assert asked(study) == before
    assert len(claim_trials(participant=other, count=3)) == 3


@pytest.mark.parametrize("leave", [withdraw, partial(void_participant, reason="a robot")])
def test_an_answer_at_the_moment_its_person_goes_does_not_count(leave):
    study, person = people(1)
    before = asked(study)
    claim_trials(participant=person, count=2)
    again = Participant.objects.select_related("study").get(pk=person.pk)
    both = meanwhile(partial(answer, person, 1), partial(leave, participant=again))
    assert both.waited
    left = [] if leave is withdraw else ["void"]
    assert list(Response.objects.values_list("status", flat=True)) == left
    assert set(study.trials.values_list("state", flat=True)) == {"void", "open"}
    assert asked(study) == before


def test_nothing_is_given_to_somebody_who_leaves_at_that_moment():
    _, person = people(1)
    both = meanwhile(
        partial(withdraw, participant=person), partial(claim_trials, participant=person, count=3)
    )
    assert both.second == []
    assert held_by(person) == []


def test_answers_of_a_person_taken_out_twice_at_once_are_counted_once():
    _, person = people(1)
    holding(person, 2)
    out = partial(void_participant, participant=person, reason="at once")
    both = meanwhile(out, out)
    assert (both.first, both.second) == (2, 0)


@pytest.mark.parametrize("leave", [withdraw, partial(void_participant, reason="a robot")])
def test_what_goes_to_somebody_else_at_the_moment_its_holder_goes_is_asked_once(leave):
    study, person, other = people()
    before = asked(study)
    claim_trials(participant=person, count=3)
    expire(study)
    both = meanwhile(partial(claim_trials, participant=other, count=3), partial(leave, participant=person))
    assert len(both.first) == len(held_by(other)) == 3
    assert asked(study) == before


def test_a_late_answer_at_the_moment_of_the_other_one_is_kept_beside_it():
    study, first, second = people()
    lost_to(study, first, second)
    both = meanwhile(partial(answer, second, 1), partial(answer, first, 1))
    assert (both.first.counts, both.second.counts) == (True, False)
    assert [answer.status for answer in Response.objects.all()] == ["counted", "surplus"]


def test_an_answer_at_the_moment_its_trial_goes_back_to_who_had_it_first_is_kept_beside_it():
    study, first, second = people()
    lost_to(study, first, second)
    both = meanwhile(partial(answer, first, 1), partial(answer, second, 1))
    assert (both.first.counts, both.second.counts) == (True, False)
    assert study.trials.filter(state="answered").count() == 1


def test_two_claims_of_one_person_wait_for_each_other():
    _, person = people(1, items=6, trials_per_participant=4)
    claim = partial(claim_trials, participant=person, count=3)
    both = meanwhile(claim, claim)
    assert both.waited
    assert [trial.position for trial in both.first + both.second] == [1, 2, 3, 4]


def test_claims_of_two_people_do_not_wait_for_each_other_and_share_nothing():
    _, first, second = people(items=12)
    both = meanwhile(
        partial(claim_trials, participant=first, count=2), partial(claim_trials, participant=second, count=2)
    )
    assert not both.waited
    trials = {trial.pk for trial in both.first + both.second}
    assert len(trials) == 4


def test_what_somebody_is_just_choosing_from_is_passed_over():
    study = open_study(items=3, responses_per_item=1)
    choose = partial(choose_free, study=study, seen=set(), seen_orders={}, count=1)
    both = meanwhile(partial(sql.lock_free, study.pk, [], 2), choose)
    assert not both.waited
    assert {trial.pk for trial in both.first}.isdisjoint(trial.pk for trial in both.second)


def test_of_what_ran_out_two_people_are_given_no_trial_both():
    study, first, third = people(items=6)
    claim_trials(participant=first, count=6)
    expire(study)
    both = meanwhile(
        partial(sql.lock_free, study.pk, [], 2, clock.now()),
        partial(claim_trials, participant=third, count=1),
    )
    assert not both.waited
    assert {trial.pk for trial in both.first}.isdisjoint(trial.pk for trial in both.second)
    assert len(both.second) == 1


def test_an_answer_waits_for_no_claim_of_the_same_person():
    _, person = people(1, items=6)
    claim_trials(participant=person, count=2)
    both = meanwhile(partial(claim_trials, participant=person, count=2), partial(answer, person, 1))
    assert not both.waited
    assert both.second.counts


@pytest.mark.parametrize("leave", [withdraw, partial(void_participant, reason="a robot")])
def test_nobody_waits_for_somebody_else_who_leaves(leave):
    _, first, second = people(items=6)
    holding(first, 2)
    both = meanwhile(partial(leave, participant=first), partial(claim_trials, participant=second, count=3))
    assert not both.waited
    assert len(both.second) == 3


def test_nobody_waits_for_somebody_whose_trial_they_are_given():
    """That it lapsed is put on record for who had it: that names their row, which may be locked."""
    study, first, second = people()
    claim_trials(participant=first, count=3)
    expire(study)
    both = meanwhile(
        partial(undo_answer, participant=first, answer_id=uuid4()),
        partial(claim_trials, participant=second, count=3),
    )
    assert not both.waited
    assert Event.objects.filter(kind="lapsed", participant=first).count() == 3


def test_two_people_of_one_study_take_their_answers_back_without_waiting_for_each_other():
    _, first, second = people(items=6)
    back = [
        partial(undo_answer, participant=person, answer_id=holding(person)[0].answer_id)
        for person in (first, second)
    ]
    assert meanwhile(*back) == (True, True, False)


def test_who_finds_the_last_trial_locked_looks_again_when_it_is_let_go(monkeypatch):
    study, person = people(1, items=1)
    looked = threading.Event()
    monkeypatch.setattr(
        "studies.trials.free_trials.sleep", lambda seconds: (looked.set(), time.sleep(seconds))
    )
    both = meanwhile(
        partial(sql.lock_free, study.pk, [], 1),
        partial(claim_trials, participant=person, count=1),
        is_waiting=looked.is_set,
    )
    assert both.waited
    assert len(both.second) == 1


def test_nobody_waits_for_ever_for_a_trial_that_somebody_keeps_locked(monkeypatch):
    study, person = people(1, items=1)
    monkeypatch.setattr("studies.trials.free_trials.LONGEST_WAIT", 0.05)
    both = meanwhile(
        partial(sql.lock_free, study.pk, [], 1), partial(claim_trials, participant=person, count=1)
    )
    assert (both.waited, both.second) == (False, [])
