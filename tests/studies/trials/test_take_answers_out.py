"""An answer, or all of a person's, is taken out: kept, never scored, and asked of someone else exactly as often."""

from collections import Counter

import pytest

from studies.models import Event, Response, Trial, hash_token
from studies.trials.allocation import claim_trials, undo_answer, void_answer, void_participant
from tests.factories import make_participant
from tests.studies.taking_part import (
    answer,
    answer_all,
    answer_what_they_hold,
    asked,
    expire,
    held_by,
    open_study,
)

pytestmark = pytest.mark.django_db
CARE = {"items": 6, "attention_checks": 1, "repeats_per_participant": 2, "responses_per_item": 3}


@pytest.fixture
def study():
    """Every person has 6 photos, a check among them, and 2 of the photos once more."""
    return open_study(**CARE)


def with_repeats(study, number):
    """Somebody who has answered the main part, and holds their repeats."""
    person = make_participant(study, number)
    claim_trials(participant=person, count=6)
    answer_what_they_hold(person)
    claim_trials(participant=person, count=6)
    assert [trial.kind for trial in held_by(person)] == ["repeat", "repeat"]
    return person


def with_a_check(study, number):
    """Somebody who holds the whole main part, with its check."""
    person = make_participant(study, number)
    claim_trials(participant=person, count=6)
    assert Counter(trial.kind for trial in held_by(person)) == {"main": 6, "check": 1}
    return person


@pytest.mark.parametrize("kind", ["repeat", "check"])
def test_a_repeat_or_check_that_is_taken_out_is_asked_of_nobody_as_a_main_trial(study, kind):
    person, before = make_participant(study), asked(study)
    answer_all(person)
    response = person.responses.filter(trial__kind=kind).first()
    assert void_answer(response=response, reason="fell asleep") is None
    response.refresh_from_db()
    assert (response.status, response.trial.state) == ("void", "void")
    assert asked(study) == before
    assert not claim_trials(participant=person, count=6)


@pytest.mark.parametrize("hold", [with_repeats, with_a_check])
def test_who_is_taken_out_leaves_every_photo_with_exactly_its_answers(study, hold):
    before = asked(study)
    person = hold(study, 1)
    void_participant(participant=person, reason="twice here")
    assert asked(study) == before
    assert {trial.state for trial in person.trials.all()} == {"void"}
    assert {trial.lease_until for trial in person.trials.all()} == {None}
    for number in (2, 3, 4):
        answer_all(make_participant(study, number))
    counted = Response.objects.filter(status="counted").values_list("trial__item__index", flat=True)
    assert Counter(counted) == dict.fromkeys(range(6), 3)
    assert not study.trials.filter(state__in=("open", "claimed")).exists()


def test_what_was_in_their_hand_is_free_at_once():
    study = open_study(items=2, responses_per_item=1)
    first, second = make_participant(study, 1), make_participant(study, 2)
    held = claim_trials(participant=first, count=2)
    assert claim_trials(participant=second, count=2) == []
    assert void_participant(participant=first, reason="a robot") == 0
    free = claim_trials(participant=second, count=2)
    assert {(trial.item_id, trial.order) for trial in free} == {
        (trial.item_id, trial.order) for trial in held
    }
    assert not answer(first, 1).counts  # what they still have on screen


def test_the_answers_and_trials_of_others_stay(study):
    person, other = with_repeats(study, 1), with_repeats(study, 2)
    before = list(other.responses.values_list("status", "trial__state"))
    holds = [trial.pk for trial in held_by(other)]
    void_participant(participant=person, reason="twice here")
    assert list(other.responses.values_list("status", "trial__state")) == before
    assert [trial.pk for trial in held_by(other)] == holds


def test_the_record_says_who_took_out_which_answers_of_whom_and_why(study, admin_user):
    person, other = make_participant(study, 1), make_participant(study, 2)
    for each in (person, other):
        claim_trials(participant=each, count=3)
    kept, back = answer(person, 1).response, answer(person, 2).response
    undo_answer(participant=person, answer_id=back.answer_id)
    last = answer(person, held_by(person)[-1].position).response
    assert void_participant(participant=person, reason="twice here", user=admin_user) == 2
    record = study.events.filter(kind__in=("void", "participant void"))
    assert {(event.study_id, event.participant_id, event.user_id) for event in record} == {
        (study.pk, person.pk, admin_user.pk)
    }
    assert [(event.kind, event.data) for event in record] == [
        ("void", {"answer": str(kept.answer_id), "reason": "twice here"}),
        ("void", {"answer": str(last.answer_id), "reason": "twice here"}),
        ("participant void", {"answers": 2, "reason": "twice here"}),
    ]
    assert list(person.responses.values_list("status", flat=True)) == ["void", "undone", "void"]
    person.refresh_from_db()
    assert (person.state, person.token_sha256) == ("void", hash_token("token-1-of-demo"))


def test_who_was_taken_out_is_asked_nothing_more_and_what_still_comes_from_them_is_kept_and_does_not_count(
    study,
):
    person = make_participant(study)
    claim_trials(participant=person, count=3)
    answer(person, 1)
    void_participant(participant=person, reason="twice here")
    before = asked(study)
    assert claim_trials(participant=person, count=6) == []
    late = answer(person, 2)
    assert (late.counts, late.response.status) == (False, "surplus")
    assert asked(study) == before
    assert not undo_answer(participant=person, answer_id=late.response.answer_id)


def test_an_answer_that_does_not_count_is_not_taken_out(study):
    person = make_participant(study)
    claim_trials(participant=person, count=2)
    undone, before = answer(person, 1).response, asked(study)
    undo_answer(participant=person, answer_id=undone.answer_id)
    answer(person, 1)
    surplus = answer(person, 1, 1).response
    for response, status in ((undone, "undone"), (surplus, "surplus")):
        assert void_answer(response=response, reason="why not") is None
        response.refresh_from_db()
        assert response.status == status
    assert not Event.objects.filter(kind="void").exists()
    assert person.trials.get(position=1).state == "answered"
    assert asked(study) == before


def test_an_answer_that_was_undone_since_the_page_was_loaded_is_not_taken_out(study):
    person = make_participant(study)
    claim_trials(participant=person, count=1)
    seen_by_staff = answer(person, 1).response
    undo_answer(participant=person, answer_id=seen_by_staff.answer_id)
    assert void_answer(response=seen_by_staff, reason="why not") is None
    assert [trial.state for trial in person.trials.all()] == ["claimed"]


def test_what_lapsed_for_them_stays_with_whoever_has_it_now():
    study = open_study(items=2, responses_per_item=1)
    first, second = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=first, count=2)
    expire(study)
    holds = claim_trials(participant=second, count=2)
    void_participant(participant=first, reason="left the room")
    assert [trial.pk for trial in held_by(second)] == [trial.pk for trial in holds]
    assert study.trials.count() == 2


def test_the_same_photo_in_the_same_order_is_asked_of_the_next_person():
    study = open_study(items=3, responses_per_item=1)
    first, second = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=first, count=3)
    response = answer(first, 2).response
    again = void_answer(response=response, reason="fell asleep")
    assert (again.study_id, again.kind, again.participant_id, again.position) == (
        study.pk,
        "main",
        None,
        None,
    )
    assert claim_trials(participant=second, count=3) == [again]
    assert Trial.objects.get(pk=again.pk).order == response.trial.order
