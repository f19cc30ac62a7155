"""What still comes from somebody who has left, or was taken out: a page that was open, a queue that sends again."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connections
from django.urls import reverse

from studies.models import Event, Participant, Response, Trial
from studies.participation.seats import VolunteerSeat
from studies.trial_types import AnswerError
from studies.trials.allocation import claim_trials, void_participant, withdraw
from tests.factories import make_participant
from tests.studies.taking_part import answer, asked, expire, held_by, open_study

pytestmark = pytest.mark.django_db
PEOPLE, TRIALS = 12, 4


def at_it(**fields):
    """A study and somebody in it who holds three trials and has answered the first."""
    study = open_study(**{"items": 3, "responses_per_item": 1, **fields})
    person = make_participant(study)
    claim_trials(participant=person, count=3)
    answer(person, 1)
    return study, person


def test_an_answer_after_a_withdrawal_is_not_kept():
    study, person = at_it()
    before = asked(study)
    withdraw(participant=Participant.objects.get(pk=person.pk))  # in another tab
    stored = list(Response.objects.values())
    for position in (1, 2, 3):
        with pytest.raises(AnswerError, match="has left the study"):
            answer(person, position, telemetry={"width": 390})
    assert list(Response.objects.values()) == stored
    assert asked(study) == before


def test_nothing_of_somebody_who_has_left_is_kept_any_more():
    _, person = at_it()
    withdraw(participant=Participant.objects.get(pk=person.pk))
    rows, events = Participant.objects.values().get(), list(Event.objects.values())
    seat = VolunteerSeat(person, "gone")
    seat.keep_background({"age": "40"}, eligible=True)
    seat.keep_background({"age": "14"}, eligible=False)
    seat.keep_instructed()
    seat.keep_practice(1, "0", right=True)
    seat.keep_rest(1)
    seat.keep_refused({"value": 3}, "why not")
    assert Participant.objects.values().get() == rows
    assert list(Event.objects.values()) == events


def test_what_lapsed_for_somebody_who_was_taken_out_does_not_come_back_to_them():
    study, person = at_it()
    expire(study)
    claim_trials(participant=make_participant(study, 2), count=3)
    void_participant(participant=Participant.objects.get(pk=person.pk), reason="a robot")
    Trial.objects.filter(state="claimed").update(state="open", participant=None, position=None)
    before = asked(study)
    late = answer(person, 2)
    assert (late.counts, late.response.status) == (False, "surplus")
    assert asked(study) == before


def test_what_somebody_tells_of_themselves_does_not_bring_them_back():
    """Their page was open when they were taken out."""
    _, person = at_it()
    void_participant(participant=Participant.objects.get(pk=person.pk), reason="a robot")
    for eligible in (True, False):
        VolunteerSeat(Participant.objects.get(), "open").keep_background({"age": "30"}, eligible=eligible)
        VolunteerSeat(person, "open").keep_background({"age": "40"}, eligible=eligible)
        stored = Participant.objects.get()
        assert (stored.state, stored.background) == ("void", {"age": "40"})
        person.state = "active"  # as the page that is open believes


def test_who_was_taken_out_is_thanked_and_given_their_code_and_asked_nothing_more(client):
    study, person = at_it()
    void_participant(participant=Participant.objects.get(pk=person.pk), reason="a robot")
    token = f"token-1-of-{study.slug}"
    for page in ("participant", "trial", "instructions"):
        reply = client.get(reverse(page, args=[token]), follow=True)
        assert "Thank you" in reply.content.decode() or page == "instructions"
        assert "a robot" not in reply.content.decode()
    person.refresh_from_db()
    assert person.state == "void"
    assert person.completion_code in client.get(reverse("thanks", args=[token])).content.decode()
    code = person.completion_code
    client.get(reverse("thanks", args=[token]))
    person.refresh_from_db()
    assert person.completion_code == code
    assert client.get(reverse("answers", args=[token])).json()["trials"] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("leave", ["withdraw", "taken out"])
def test_nothing_counts_of_anybody_who_leaves_while_they_answer(leave):
    study = open_study(items=PEOPLE, responses_per_item=TRIALS)
    everybody = [make_participant(study, number) for number in range(1, PEOPLE + 1)]
    for person in everybody:
        claim_trials(participant=person, count=TRIALS)
    before = asked(study)

    def answers(person):
        try:
            for trial in held_by(person):
                answer(person, trial.position, answer_id=uuid4(), telemetry={"width": 390})
        except AnswerError:
            pass
        finally:
            connections.close_all()

    def goes(person):
        try:
            again = Participant.objects.select_related("study").get(pk=person.pk)
            withdraw(participant=again) if leave == "withdraw" else void_participant(
                participant=again, reason="why not"
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(act, person) for person in everybody for act in (answers, goes)]:
            done.result(120)
    assert not Response.objects.filter(status__in=Response.STANDING).exists()
    assert not study.trials.filter(state__in=("answered", "claimed")).exists()
    assert asked(study) == before
    if leave == "withdraw":
        assert not Response.objects.exists()
        assert not study.trials.exclude(participant=None).exists()
