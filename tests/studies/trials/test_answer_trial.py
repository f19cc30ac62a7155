"""Answering: what counts, what is kept beside it, and what can be taken back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from studies.models import Event, Response, Trial
from studies.trials import sql
from studies.trials.allocation import AnswerError, answer_trial, claim_trials, undo_answer, void_answer
from tests import by_sql
from tests.factories import make_participant, make_study, make_trials
from tests.studies.taking_part import open_study, two_people

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
    response = answer(participant, 0).response
    participant.state = "finished"
    participant.save()
    assert not undo_answer(participant=participant, answer_id=response.answer_id)


def test_a_void_answer_is_kept_and_its_item_asked_again_in_the_same_order(admin_user):
    study, [participant, other] = running(orders=["2,0,1"], people=2)
    response = answer(participant, 0).response
    again = void_answer(response=response, reason="fell asleep", user=admin_user)
    response.refresh_from_db()
    assert (response.status, response.trial.state) == ("void", "void")
    assert (again.order, again.item, again.state) == ("2,0,1", response.trial.item, "open")
    assert claim_trials(participant=participant, count=1) == []
    assert claim_trials(participant=other, count=1) == [again]
    event = study.events.get(kind="void")
    assert (event.user, event.data["reason"]) == (admin_user, "fell asleep")


def test_an_answer_that_does_not_count_cannot_be_voided_again():
    study, [participant] = running(orders=["2,0,1"])
    response = answer(participant, 0).response
    void_answer(response=response, reason="once")
    assert void_answer(response=response, reason="twice") is None
    assert study.trials.count() == 2


def test_an_answer_takes_few_queries(django_assert_max_num_queries):
    _, [participant] = running(orders=["2,0,1"])
    with django_assert_max_num_queries(6):
        answer(participant, 0)


def test_an_answer_goes_to_ones_own_trial_at_a_position_that_others_have_too():
    _, first, second = two_people()
    before = list(first.trials.values_list("state", "lease_until"))
    response = answer(second, 1).response
    assert response.trial == second.trials.get(position=1)
    assert list(first.trials.values_list("state", "lease_until")) == before
    assert [trial.state for trial in second.trials.order_by("position")] == ["answered", "claimed"]
    surplus = answer(second, 1).response  # by the way for trials that are not in hand
    assert (surplus.trial, surplus.participant, surplus.status) == (response.trial, second, "surplus")
    assert list(first.trials.values_list("state", "lease_until")) == before


@pytest.mark.parametrize("in_hand", [True, False])
def test_everything_that_came_with_an_answer_is_kept_with_it(in_hand):
    study, [first, other] = running(orders=["2,0,1"], people=2, version=3)
    if not in_hand:
        hand_over(study, other)
    fields = {"response_ms": 1234, "telemetry": {"first": 1}, "version": 2}
    answer_id = uuid4()
    outcome = answer(first, 1, answer_id, **fields)
    stored = Response.objects.get()
    assert (stored.pk, stored.answer_id) == (outcome.response.pk, answer_id)
    assert (stored.participant, stored.trial.item, stored.simulated) == (first, study.items.get(), False)
    assert (stored.shown_value, stored.choice, stored.status) == (1, 0, "counted")
    assert {name: getattr(stored, name) for name in fields} == fields
    assert timezone.now() - stored.created_at < timedelta(minutes=1)
    assert (stored.trial.participant, stored.trial.state, stored.trial.lease_until) == (
        first,
        "answered",
        None,
    )


def test_an_answer_that_was_stored_can_be_worked_on_as_any_other():
    _, [participant] = running(orders=["2,0,1"])
    response = answer(participant, 0).response
    response.status = "void"
    response.save(update_fields=["status"])
    assert Response.objects.get().status == "void"
    assert response.created_at == Response.objects.get().created_at


@pytest.mark.parametrize(
    ("version", "stored"), [(None, 3), (0, 3), (1, 1), (2, 2), (3, 3), (4, 3), (-1, 3), (2**31 - 1, 3)]
)
def test_an_answer_keeps_the_version_of_the_words_that_were_on_screen(version, stored):
    """One that there is not yet, or never was, is taken for the version of today."""
    _, [participant] = running(orders=["2,0,1"], version=3)
    answer(participant, 0, version=version)
    assert Response.objects.get().version == stored


def test_answers_of_real_people_are_not_marked_as_simulated():
    _, [participant] = running(orders=["2,0,1"])
    answer(participant, 0)
    assert not Response.objects.get().simulated
    assert Response.objects.get().telemetry == {}


@pytest.mark.parametrize(("value", "is_one"), [(-3, False), (-2, True), (2, True), (3, False)])
def test_a_rating_is_from_one_end_of_the_scale_to_the_other(value, is_one):
    _, [participant] = running(orders=["1,0"], task="rating", methods=("grad-cam", "ablation-cam"))
    if is_one:
        assert answer(participant, value).response.rating == value
    else:
        with pytest.raises(AnswerError, match=f"^{value} is no rating: it must be from -2 to 2"):
            answer(participant, value)
    assert Trial.objects.get().state == ("answered" if is_one else "claimed")


def test_an_id_that_one_sends_for_two_trials_is_the_answer_to_the_first():
    _, first, second = two_people()
    answer(second, 2)
    answer_id = uuid4()
    response = answer(first, 1, answer_id)
    for position in (1, 2):
        again = answer(first, 1, answer_id, position=position)
        assert (again.response, again.counts) == (response.response, True)
    assert first.responses.get().trial == first.trials.get(position=1)
    assert first.trials.get(position=2).state == "claimed"
    assert answer(first, 1, position=2).counts


def test_an_id_of_somebody_else_takes_no_trial_out_of_ones_hand():
    _, first, second = two_people()
    answer_id = uuid4()
    answer(first, 1, answer_id)
    for _ in range(2):
        with pytest.raises(AnswerError, match="another participant"):
            answer(second, 1, answer_id)
        assert [trial.state for trial in second.trials.all()] == ["claimed", "claimed"]
    assert Response.objects.get().participant == first
    answer(second, 0)
    with pytest.raises(AnswerError, match="another participant"):  # to a trial that is not in hand
        answer(second, 1, answer_id)


def test_an_answer_that_was_taken_back_and_is_sent_again_stays_taken_back():
    _, [participant] = running(orders=["2,0,1"])
    answer_id = uuid4()
    answer(participant, 0, answer_id)
    undo_answer(participant=participant, answer_id=answer_id)
    again = answer(participant, 0, answer_id)
    assert (again.counts, again.response.status) == (False, "undone")
    assert Response.objects.count() == 1
    assert participant.trials.get().state == "claimed"


@pytest.mark.parametrize("kind", ["repeat", "check"])
def test_an_answer_to_a_repeat_or_check_stands_aside_and_a_second_one_is_surplus(kind):
    study, [participant] = running(orders=["2,0,1"])
    by_sql.change(study.trials.all(), kind=kind)
    answer_id = uuid4()
    first = answer(participant, 0, answer_id)
    assert (first.counts, first.response.status) == (True, "aside")
    assert answer(participant, 0, answer_id).counts  # sent again
    assert answer(participant, 1).response.status == "surplus"
    assert undo_answer(participant=participant, answer_id=answer_id) is False  # it is not the last


def test_an_answer_to_a_trial_that_goes_to_somebody_else_meanwhile_is_one_to_a_lost_trial(monkeypatch):
    study, [first, second] = running(orders=["2,0,1"], people=2)
    really = sql.trial_at

    def and_then_it_goes(*asked):
        held = really(*asked)
        monkeypatch.setattr(sql, "trial_at", really)
        hand_over(study, second)
        return held

    monkeypatch.setattr(sql, "trial_at", and_then_it_goes)
    assert answer(first, 0).counts
    assert [(event.participant, event.data["position"]) for event in Event.objects.filter(kind="lapsed")] == [
        (first, 1),
        (second, 1),
    ]
    assert Trial.objects.get().participant == first


def test_whose_trial_goes_back_to_who_had_it_first_does_not_meet_its_photo_again():
    study, [first, second] = running(orders=["2,0,1", "0,1,2"], people=2)
    study.trials.filter(participant=None).delete()
    second.trials.update(state="void")  # they hold nothing
    (lost,) = first.trials.all()
    third = make_participant(study, 3)
    hand_over(study, third)
    assert answer(first, 0).counts
    lapse = third.events.get(kind="lapsed")
    assert (lapse.study, lapse.data) == (study, {"trial": lost.pk, "item": lost.item_id, "position": 1})
    Trial.objects.create(study=study, item=lost.item, order="1,0,2")
    assert claim_trials(participant=third, count=1) == []
    assert [event.participant for event in Event.objects.filter(kind="lapsed")] == [first, third]


def test_an_answer_to_a_trial_that_has_come_free_counts_and_nobody_is_said_to_have_lost_it():
    study, [first, second] = running(orders=["2,0,1"], people=2)
    hand_over(study, second)
    study.trials.update(participant=None, position=None, state="open", lease_until=None)
    assert answer(first, 0).counts
    assert first.trials.get().state == "answered"
    assert list(Event.objects.filter(kind="lapsed").values_list("participant", flat=True)) == [first.pk]


def test_a_position_of_ones_own_that_was_lost_is_told_from_that_of_somebody_else():
    study = open_study(items=2, responses_per_item=1)
    first, second, third = (make_participant(study, number) for number in (1, 2, 3))
    own, other = (claim_trials(participant=person, count=1)[0] for person in (first, second))
    study.trials.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert len(claim_trials(participant=third, count=2)) == 2
    Event.objects.create(study=study, participant=first, kind="note", data={"position": 1, "trial": 0})
    assert answer(first, 0).response.trial == own
    assert answer(second, 0).response.trial == other
    with pytest.raises(AnswerError, match="position 2"):
        answer(first, 0, position=2)
