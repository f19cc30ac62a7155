"""Answering: what counts, what is kept beside it, and what can be taken back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from studies.allocation import AnswerError, answer_trial, claim_trials, undo_answer, void_answer
from studies.models import Response, Trial
from tests.factories import make_participant, make_study, make_trials

pytestmark = pytest.mark.django_db


def running(*, orders, people=1, **fields):
    """An open study of one item with the given orders, and people who each hold what they can get."""
    study = make_study(items=1, state="open", responses_per_item=len(orders), **fields)
    make_trials(study, orders)
    everyone = [make_participant(study, number) for number in range(1, people + 1)]
    for participant in everyone:
        claim_trials(participant=participant, count=1)
    return study, everyone


def answer(participant, value, answer_id=None, position=1, **fields):
    return answer_trial(
        participant=participant,
        position=position,
        shown_value=value,
        answer_id=answer_id or uuid4(),
        **fields,
    )


def hand_over(study, to):
    """The lease of every held trial is over, and someone else is given what comes free."""
    study.trials.filter(state="claimed").update(lease_until=timezone.now() - timedelta(seconds=1))
    return claim_trials(participant=to, count=1)


@pytest.mark.parametrize(("shown", "choice"), [(0, 2), (1, 0), (2, 1), (-1, -1)])
def test_a_choice_is_stored_as_the_arm_that_stood_there(shown, choice):
    _, [participant] = running(orders=["2,0,1"])
    outcome = answer(participant, shown, response_ms=1234, telemetry={"first": 1})
    assert outcome.counts
    stored = Response.objects.get()
    assert (stored.choice, stored.rating, stored.shown_value) == (choice, None, shown)
    assert (stored.response_ms, stored.telemetry, stored.status) == (1234, {"first": 1}, "counted")
    trial = Trial.objects.get()
    assert (trial.state, trial.lease_until) == ("answered", None)


@pytest.mark.parametrize(
    ("order", "shown", "rating"),
    [("0,1", 2, -2), ("0,1", -1, 1), ("1,0", 2, 2), ("1,0", -1, -1), ("1,0", 0, 0)],
)
def test_a_rating_is_positive_where_the_first_arm_is_better(order, shown, rating):
    _, [participant] = running(orders=[order], task="rating", methods=("grad-cam", "ablation-cam"))
    answer(participant, shown)
    assert Response.objects.get().rating == rating


@pytest.mark.parametrize("value", [-2, 3, 99])
def test_a_choice_that_was_not_on_screen_is_refused(value):
    _, [participant] = running(orders=["2,0,1"])
    with pytest.raises(AnswerError, match="from 0 to 2, or -1"):
        answer(participant, value)
    assert not Response.objects.exists()


def test_a_rating_out_of_range_is_refused():
    _, [participant] = running(orders=["0,1"], task="rating", methods=("grad-cam", "ablation-cam"))
    with pytest.raises(AnswerError, match="from -2 to 2"):
        answer(participant, 3)


def test_a_trial_that_was_never_given_out_is_refused():
    _, [participant] = running(orders=["2,0,1"])
    with pytest.raises(AnswerError, match="position 2"):
        answer(participant, 0, position=2)


def test_it_keeps_the_first_answer_of_a_double_click():
    _, [participant] = running(orders=["2,0,1"])
    answer_id = uuid4()
    first, second = answer(participant, 0, answer_id), answer(participant, 1, answer_id)
    assert first.response == second.response
    assert first.counts
    assert second.counts
    assert Response.objects.get().shown_value == 0


def test_a_second_answer_to_the_same_trial_is_kept_as_surplus():
    _, [participant] = running(orders=["2,0,1"])
    answer(participant, 0)
    assert not answer(participant, 1).counts
    assert list(Response.objects.values_list("shown_value", "status")) == [(0, "counted"), (1, "surplus")]


def test_nobody_can_answer_with_the_id_of_someone_else():
    _, [first, second] = running(orders=["2,0,1", "0,1,2"], people=2)
    answer_id = uuid4()
    answer(first, 0, answer_id)
    with pytest.raises(AnswerError, match="another participant"):
        answer(second, 1, answer_id)


def test_an_answer_after_the_lease_counts_while_nobody_else_has_the_trial():
    study, [participant] = running(orders=["2,0,1"])
    study.trials.update(lease_until=timezone.now() - timedelta(hours=1))
    assert answer(participant, 0).counts


def test_a_late_answer_gets_its_trial_back_if_it_is_still_unanswered():
    study, [first, second] = running(orders=["2,0,1"], people=2)
    [trial] = hand_over(study, second)
    assert answer(first, 0).counts
    trial.refresh_from_db()
    assert (trial.participant, trial.position, trial.state) == (first, 1, "answered")
    assert not answer(second, 1).counts
    assert study.trials.count() == 1


def test_a_late_answer_to_an_answered_trial_is_kept_as_surplus():
    study, [first, second] = running(orders=["2,0,1"], people=2)
    hand_over(study, second)
    assert answer(second, 1).counts
    assert not answer(first, 0).counts
    assert list(Response.objects.values_list("participant__number", "choice", "status")) == [
        (2, 0, "counted"),
        (1, 2, "surplus"),
    ]


def test_answers_of_simulated_volunteers_are_marked():
    study, _ = running(orders=["2,0,1"], people=0)
    robot = make_participant(study, 9, simulated=True)
    claim_trials(participant=robot, count=1)
    answer(robot, 0)
    assert Response.objects.get().simulated


def test_the_last_answer_can_be_undone_and_both_are_kept():
    _, [participant] = running(orders=["2,0,1"])
    first = answer(participant, 0).response
    assert undo_answer(participant=participant, answer_id=first.answer_id)
    assert participant.trials.get().state == "claimed"
    assert answer(participant, 1).counts
    assert list(Response.objects.values_list("shown_value", "status")) == [(0, "undone"), (1, "counted")]


def test_undoing_twice_undoes_one_answer():
    study = make_study(items=2, state="open")
    make_trials(study, ["0,1,2"])
    participant = make_participant(study)
    claim_trials(participant=participant, count=2)
    first, second = answer(participant, 0, position=1).response, answer(participant, 0, position=2).response
    assert not undo_answer(participant=participant, answer_id=first.answer_id)
    assert undo_answer(participant=participant, answer_id=second.answer_id)
    assert not undo_answer(participant=participant, answer_id=second.answer_id)
    first.refresh_from_db()
    assert first.status == "counted"


def test_only_the_last_answer_can_be_undone_not_one_after_the_other():
    study = make_study(items=2, state="open")
    make_trials(study, ["0,1,2"])
    participant = make_participant(study)
    claim_trials(participant=participant, count=2)
    first, second = answer(participant, 0, position=1).response, answer(participant, 0, position=2).response
    assert undo_answer(participant=participant, answer_id=second.answer_id)
    assert not undo_answer(participant=participant, answer_id=first.answer_id)


def test_nothing_can_be_undone_once_the_code_is_given():
    _, [participant] = running(orders=["2,0,1"])
    given = answer(participant, 0).response
    participant.state = "finished"
    participant.save()
    assert not undo_answer(participant=participant, answer_id=given.answer_id)


def test_a_void_answer_is_kept_and_its_item_asked_again_in_the_same_order(admin_user):
    study, [participant, other] = running(orders=["2,0,1"], people=2)
    given = answer(participant, 0).response
    again = void_answer(response=given, reason="fell asleep", user=admin_user)
    given.refresh_from_db()
    assert (given.status, given.trial.state) == ("void", "void")
    assert (again.order, again.item, again.state) == ("2,0,1", given.trial.item, "open")
    assert claim_trials(participant=participant, count=1) == []
    assert claim_trials(participant=other, count=1) == [again]
    event = study.events.get(kind="void")
    assert (event.user, event.data["reason"]) == (admin_user, "fell asleep")


def test_an_answer_that_does_not_count_cannot_be_voided_again():
    study, [participant] = running(orders=["2,0,1"])
    given = answer(participant, 0).response
    void_answer(response=given, reason="once")
    assert void_answer(response=given, reason="twice") is None
    assert study.trials.count() == 2


def test_an_answer_takes_few_queries(django_assert_max_num_queries):
    _, [participant] = running(orders=["2,0,1"])
    with django_assert_max_num_queries(6):
        answer(participant, 0)
