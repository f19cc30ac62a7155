"""A volunteer leaves for good: nothing leads to them any more, and their part is asked of others."""

import re
from itertools import chain

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core import serializers
from django.urls import reverse
from django.utils import timezone

from studies.models import Event, Invitation, Participant, Response, Trial
from studies.trials import tombstones
from studies.trials.allocation import (
    claim_trials,
    undo_answer,
    void_answer,
    void_participant,
    withdraw,
)
from tests.factories import make_participant
from tests.studies.taking_part import answer, answer_what_they_hold, asked, expire, held_by, open_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def gone(visitor, invite):
    """Someone from a recruitment site who gave three answers, one of them undone, and then left."""
    study, join = invite(items=4, responses_per_item=1)
    visitor.get(join)
    visitor.path = join + "?PROLIFIC_PID=abc123"
    visitor.press().press().answer(0).press("form#undo").answer(1).answer(2)
    visitor.home_before = visitor.home
    visitor.get(visitor.home + "leave/")
    assert "cannot be undone" in visitor.text
    assert Response.objects.filter(status="counted").count() == 2
    visitor.press("form")
    return study, visitor


def test_the_link_and_all_that_came_with_it_are_erased(gone):
    _, visitor = gone
    assert "nothing that is left in the study leads to you" in visitor.text
    person = Participant.objects.get()
    assert (person.state, person.external, person.external_id, person.background) == ("withdrawn", {}, "", {})
    assert "You have left this study" in visitor.get(visitor.home_before).text
    assert person.completion_code == ""
    assert not Response.objects.exists()


def test_trials_are_void_and_every_item_is_asked_again_in_the_same_order(gone):
    assert gone
    void = Trial.objects.filter(state="void")
    fresh = Trial.objects.filter(state="open")
    assert void.count() == fresh.count() == 4
    assert set(void.values_list("item", "order")) == set(fresh.values_list("item", "order"))
    assert not Trial.objects.filter(state="claimed").exists()
    assert set(void.values_list("participant", "position", "lease_until")) == {(None, None, None)}


def test_a_tombstone_remains(gone):
    study, _ = gone
    assert study.participants.get().number == 1
    assert Event.objects.filter(kind="withdrawn").count() == 1


def test_others_can_finish_the_study(gone, another_visitor, invite):
    study, _ = gone
    _, token = Invitation.issue(study)
    other = another_visitor().start(reverse("join", args=[token]))
    while other.on_trial:
        other.answer(0)
    assert Response.objects.filter(status="counted").count() == 4
    assert not study.trials.filter(state="open").exists()


SECRETS = ("abc123", "left-handed", "iPad of Anna", "QX7R", "Anna told us")


@pytest.fixture
def known():
    """Somebody of whom everything is on record that can be; and somebody else, of whom the same is."""
    study = open_study(items=8, attention_checks=1, repeats_per_participant=1, responses_per_item=2)
    people = [with_everything(study, number) for number in (1, 2)]
    people[0].refresh_from_db()
    return study, *people


def with_everything(study, number):
    person = make_participant(
        study,
        number,
        external={"PROLIFIC_PID": f"abc123-{number}"},
        external_id=f"abc123-{number}",
        background={"hand": f"left-handed-{number}"},
        completion_code=f"QX7R-{number}",
        finished_at=timezone.now(),
    )
    telemetry = {"device": f"iPad of Anna {number}"}
    claim_trials(participant=person, count=5)
    for position in (1, 2, 3):
        answer(person, position, telemetry=telemetry)
    undone = answer(person, 4, telemetry=telemetry).response
    undo_answer(participant=person, answer_id=undone.answer_id)
    answer(person, 1, 1, telemetry=telemetry)  # once more, so surplus
    void_answer(response=person.responses.first(), reason=f"Anna told us, {number}")
    for kind in ("refused", "practice", "joined"):
        data = {"said": f"iPad of Anna {number}"}
        Event.objects.create(study=study, participant=person, kind=kind, data=data)
    return person


def whole_database():
    """Every row of every table, as text."""
    rows = chain.from_iterable(model.objects.all() for model in apps.get_models())
    return serializers.serialize("json", rows)


def test_after_a_withdrawal_nothing_that_came_with_the_person_is_found_anywhere(known):
    _, person, other = known
    hashed = person.token_sha256
    before = whole_database()
    withdraw(participant=person)
    texts = whole_database()
    assert hashed not in texts
    for secret in SECRETS:
        assert re.search(rf"{secret}[-, ]+1", before), secret
        assert not re.search(rf"{secret}[-, ]+1", texts), secret
        assert re.search(rf"{secret}[-, ]+2", texts), f"{secret} of somebody else"
    assert other.token_sha256 in texts


def test_the_answers_the_record_and_the_hand_of_somebody_else_stay_as_they_are(known):
    _, person, other = known
    other.refresh_from_db()

    def all_of(someone):
        rows = (someone.responses, someone.trials, someone.events)
        return serializers.serialize("json", [someone, *chain.from_iterable(each.all() for each in rows)])

    before = all_of(other)
    withdraw(participant=person)
    other.refresh_from_db()
    assert all_of(other) == before


def test_what_they_held_is_asked_of_others_and_their_repeats_and_checks_of_nobody(known):
    study, person, _ = known
    before = asked(study)
    answer_what_they_hold(person)
    claim_trials(participant=person, count=8)
    assert "check" in {trial.kind for trial in person.trials.all()}
    theirs = list(person.trials.values_list("pk", flat=True))
    withdraw(participant=person)
    assert asked(study) == before
    assert set(Trial.objects.filter(pk__in=theirs).values_list("state", "participant")) == {("void", None)}


def test_who_has_all_repeats_in_hand_leaves_no_trace_in_how_often_a_photo_is_asked():
    study = open_study(items=4, repeats_per_participant=2, responses_per_item=2)
    before, person = asked(study), make_participant(study)
    claim_trials(participant=person, count=4)
    answer_what_they_hold(person)
    assert [trial.kind for trial in claim_trials(participant=person, count=4)] == ["repeat", "repeat"]
    withdraw(participant=person)
    assert asked(study) == before


def test_that_somebody_was_here_and_left_stays_on_record_and_what_staff_did_without_whom_or_why(known):
    study, person, other = known
    void_participant(participant=person, reason="Anna told us, 1", user=study_staff())
    withdraw(participant=person)
    assert Participant.objects.filter(pk=person.pk, state="withdrawn").exists()
    assert not study.events.filter(participant=person).exists()
    left = study.events.filter(participant=None).values_list("kind", "user__username", "data")
    assert sorted(left) == [
        *[("participant void", "staff", {})],
        *[("void", "staff", {})] * 2,
        ("withdrawn", None, {}),
    ]
    assert study.events.filter(participant=other).count() == other.events.count() > 0


def study_staff():
    return get_user_model().objects.create_user("staff")


def test_what_lapsed_for_them_is_forgotten_and_whoever_got_it_keeps_it():
    study = open_study(items=2, responses_per_item=1)
    first, second = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=first, count=2)
    expire(study)
    claim_trials(participant=second, count=2)
    assert first.events.filter(kind="lapsed").count() == 2
    withdraw(participant=first)
    assert not Event.objects.filter(kind="lapsed").exists()
    assert len(held_by(second)) == 2


def test_withdrawing_twice_is_withdrawing_once(known, django_capture_on_commit_callbacks):
    _, person, _ = known
    seen_before = Participant.objects.get(pk=person.pk)
    with django_capture_on_commit_callbacks(execute=True):
        withdraw(participant=person)
        before = whole_database()
        withdraw(participant=seen_before)  # a second click, on its way when the first was done
    assert whole_database() == before
    assert len(tombstones.read([tombstones.own_file()]).lines) == 1


def test_nothing_more_is_given_to_who_has_left(known):
    _, person, _ = known
    withdraw(participant=person)
    assert claim_trials(participant=person, count=5) == []
    assert held_by(person) == []
