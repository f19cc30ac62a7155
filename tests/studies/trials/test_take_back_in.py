"""Somebody who was taken out counts again: answers whose places are free, and every photo keeps exactly its answers."""

from collections import Counter
from functools import partial

import pytest
from django.urls import reverse

from studies.models import Participant, Response, Trial
from studies.participation.invitations import finish
from studies.trials.allocation import claim_trials, void_answer, void_participant, withdraw
from studies.trials.taken_back_in import NotTakenOutError, TakenBackIn, take_back_in
from tests.factories import make_participant
from tests.studies.meanwhile import meanwhile, on_postgres
from tests.studies.taking_part import answer, answer_all, answer_what_they_hold, asked, expire, open_study

pytestmark = pytest.mark.django_db
CARE = {"items": 6, "attention_checks": 1, "repeats_per_participant": 2, "responses_per_item": 2}


def statuses(person):
    return dict(person.responses.order_by("id").values_list("id", "status"))


def test_taking_out_and_back_leaves_everything_as_it_was(admin_user):
    study = open_study(**CARE)
    person, other = make_participant(study, 1), make_participant(study, 2)
    for each in (person, other):
        answer_all(each)
        finish(participant=each)
    before, answers, code = asked(study), statuses(person), Participant.objects.get(number=1).completion_code
    assert void_participant(participant=person, reason="a robot") == 9
    assert take_back_in(participant=person, reason="it was the other", user=admin_user) == TakenBackIn(9, 0)
    assert (asked(study), statuses(person)) == (before, answers)
    person.refresh_from_db()
    assert (person.state, person.completion_code) == ("finished", code)
    assert Counter(study.trials.filter(participant=person).values_list("state", flat=True)) == {"answered": 9}
    event = study.events.get(kind="participant back")
    assert (event.user, event.participant) == (admin_user, person)
    assert event.data == {"answers": 9, "not_back": 0, "reason": "it was the other"}


def test_what_others_have_answered_since_or_answer_now_stays_theirs_and_is_said():
    study = open_study(items=4, responses_per_item=1)
    person, other = make_participant(study, 1), make_participant(study, 2)
    answer_all(person)
    void_participant(participant=person, reason="a robot")
    claim_trials(participant=other, count=2)
    answer(other, 1)
    before = asked(study)
    assert take_back_in(participant=person, reason="no robot") == TakenBackIn(2, 2)
    assert asked(study) == before
    assert Counter(statuses(person).values()) == {"counted": 2, "void": 2}
    assert answer(other, 2).counts
    counted = Response.objects.filter(status="counted").values_list("trial__item__index", flat=True)
    assert sorted(counted) == [0, 1, 2, 3]
    assert not study.trials.filter(state__in=("open", "claimed")).exists()


def test_a_place_whose_lease_is_over_is_free_and_its_late_answer_is_kept_beside():
    study = open_study(items=1, responses_per_item=1)
    person, other = make_participant(study, 1), make_participant(study, 2)
    answer_all(person)
    void_participant(participant=person, reason="a robot")
    claim_trials(participant=other, count=1)
    expire(study)
    assert take_back_in(participant=person, reason="no robot") == TakenBackIn(1, 0)
    late = answer(other, 1)
    assert (late.counts, late.response.status) == (False, "surplus")
    assert claim_trials(participant=other, count=1) == []


def test_an_open_place_goes_before_one_that_somebody_had():
    study = open_study(items=1, methods=("grad-cam",), responses_per_item=2)  # one order alone
    person, other = make_participant(study, 1), make_participant(study, 2)
    answer_all(person)
    claim_trials(participant=other, count=1)
    expire(study)
    void_participant(participant=person, reason="a robot")
    take_back_in(participant=person, reason="no robot")
    assert answer(other, 1).counts


def test_the_place_must_be_of_the_same_photo_in_the_same_order():
    study = open_study(items=3, responses_per_item=2)
    person = make_participant(study, 1)
    answer_all(person)
    void_participant(participant=person, reason="a robot")
    remade = Trial.objects.filter(study=study, kind="main").order_by("-id")[:3]
    taken = {(trial.item_id, trial.order) for trial in remade}
    for trial in remade:  # others take the very places; each photo has another free one, in another order
        Trial.objects.filter(pk=trial.pk).update(state="answered")
    free = set(study.trials.filter(state="open").values_list("item_id", "order"))
    assert len(free) == 3
    assert not free & taken
    assert take_back_in(participant=person, reason="no robot") == TakenBackIn(0, 3)
    assert study.trials.filter(state="open").count() == 3


def test_an_answer_that_was_taken_out_by_itself_before_stays_out():
    study = open_study(items=3, responses_per_item=1)
    person = make_participant(study, 1)
    claim_trials(participant=person, count=3)
    first = answer(person, 1).response
    answer_what_they_hold(person)
    void_answer(response=first, reason="fell asleep")
    void_participant(participant=person, reason="a robot")
    assert take_back_in(participant=person, reason="no robot") == TakenBackIn(2, 0)
    first.refresh_from_db()
    assert first.status == "void"


def test_who_was_not_through_goes_on_and_keeps_the_code_that_they_got():
    study = open_study(items=6, responses_per_item=1, trials_per_participant=4)
    person = make_participant(study, 1)
    claim_trials(participant=person, count=3)
    answer(person, 1)
    void_participant(participant=person, reason="a robot")
    code = finish(participant=person).completion_code
    assert code
    take_back_in(participant=person, reason="no robot")
    person.refresh_from_db()
    assert person.state == "active"
    (more,) = claim_trials(participant=person, count=3)  # four are asked for, and three they have met
    assert answer(person, more.position).counts
    assert finish(participant=person).completion_code == code
    assert person.__class__.objects.get(pk=person.pk).state == "finished"


@pytest.mark.parametrize("state", ["active", "finished", "screened", "withdrawn"])
def test_nobody_else_is_taken_back_in(state):
    study = open_study(items=1)
    person = make_participant(study, 1, state=state)
    with pytest.raises(NotTakenOutError, match=f"participant 1: is {state}, not taken out"):
        take_back_in(participant=person, reason="?")


def test_who_withdrew_after_they_were_taken_out_does_not_come_back():
    study = open_study(items=2)
    person = make_participant(study, 1)
    answer_all(person)
    void_participant(participant=person, reason="a robot")
    withdraw(participant=person)
    with pytest.raises(NotTakenOutError):
        take_back_in(participant=person, reason="no robot")


def test_by_page_and_program(admin_client, client, admin_user):
    study = open_study(items=4, responses_per_item=1)
    person, other = make_participant(study, 1), make_participant(study, 2)
    answer_all(person)
    address = reverse("study-take-back", args=["demo", 1])
    assert "so nothing can be undone" in admin_client.get(address, follow=True).content.decode()
    void_participant(participant=person, reason="a robot")
    assert address in admin_client.get(reverse("study-watch", args=["demo"])).content.decode()
    claim_trials(participant=other, count=1)
    assert "4 answers are excluded" in admin_client.get(address).content.decode()
    assert "Say why" in admin_client.post(address, {"reason": " "}).content.decode()
    page = admin_client.post(address, {"reason": "no robot"}, follow=True).content.decode()
    assert "3 answers of participant 1 stand again. 1 stay out" in page
    void_participant(participant=person, reason="a robot after all")
    client.force_login(admin_user)
    again = "/api/studies/demo/participants/1/back/"
    reply = client.post(again, {"reason": "no robot"}, "application/json")
    assert (reply.status_code, reply.json()) == (200, {"answers": 3, "not_back": 0})
    assert client.post(again, {"reason": "twice"}, "application/json").status_code == 400


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_a_place_that_somebody_claims_at_this_moment_is_theirs():
    study = open_study(items=1, responses_per_item=1)
    person, other = make_participant(study, 1), make_participant(study, 2)
    answer_all(person)
    void_participant(participant=person, reason="a robot")
    both = meanwhile(
        partial(claim_trials, participant=other, count=1),
        partial(take_back_in, participant=person, reason="no robot"),
    )
    assert (len(both.first), both.second) == (1, TakenBackIn(0, 1))
    assert study.trials.exclude(state="void").count() == 1
