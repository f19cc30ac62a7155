"""Whoever comes and does nothing keeps little from others; whoever works keeps what they are at."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studies.models import Trial
from studies.participation.seats import IN_HAND
from studies.trials.allocation import claim_trials
from tests.factories import make_participant
from tests.studies.taking_part import answer, expire, held_by, open_study

pytestmark = pytest.mark.django_db


def in_hands(study):
    return study.trials.filter(state=Trial.State.CLAIMED).count()


def test_five_who_join_and_look_once_hold_five_trials_at_most(another_visitor, invite):
    study, join = invite(items=44, responses_per_item=1, trials_per_participant=44)
    for _ in range(5):
        page = another_visitor().get(join).press()
        assert page.client.get(page.home + "answers/").status_code == 200
    assert in_hands(study) == 5


@pytest.mark.parametrize("practice", [True, False])
def test_one_trial_is_held_before_the_instructions_and_practice_are_done_three_after_them_and_more_after_an_answer(
    visitor, invite, settings, practice
):
    settings.CLAIM_BLOCK = 10
    study, join = invite(items=20, responses_per_item=1, trials_per_participant=20, practice=practice)
    held = []

    def look():
        visitor.client.get(visitor.home + "answers/")
        held.append(in_hands(study))

    visitor.get(join).press()
    look()
    visitor.press()  # the instructions
    if practice:
        look()
        while not visitor.on_trial:
            visitor.press(value="0") if visitor.soup.select_one("[name=number]") else visitor.get(
                visitor.home
            )
    look()
    visitor.get(visitor.home).answer(0)
    look()
    assert held == [1, *([1] if practice else []), IN_HAND, 10]


def test_asking_again_and_again_renews_no_lease(client, settings):
    study = open_study(items=4, responses_per_item=1)
    person = make_participant(study, instructed_at=timezone.now())
    claim_trials(participant=person, count=3)
    ages = timezone.now() + timedelta(seconds=60)
    study.trials.filter(state="claimed").update(lease_until=ages)
    for page in ("answers/", "trial/", ""):
        client.get(f"/p/token-1-of-{study.slug}/{page}")
    client.post(f"/p/token-1-of-{study.slug}/answers/", '{"operations": []}', content_type="application/json")
    assert {trial.lease_until for trial in held_by(person)} == {ages}


def test_the_same_answer_sent_again_is_no_work():
    study = open_study(items=4, responses_per_item=1)
    person = make_participant(study)
    claim_trials(participant=person, count=3)
    first = answer(person, 1).response
    ages = timezone.now() + timedelta(seconds=60)
    study.trials.filter(state="claimed").update(lease_until=ages)
    answer(person, 1, answer_id=first.answer_id)
    answer(person, 1)  # another answer to what is answered
    assert {trial.lease_until for trial in held_by(person)} == {ages}


def test_whoever_works_loses_nothing_however_slowly(settings):
    """Each answer takes two thirds of a lease, and others take all that they can get all the while."""
    study = open_study(items=6, responses_per_item=1)
    slow, others = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=slow, count=4)
    for position in range(1, 5):
        claimed = study.trials.filter(state="claimed", participant=slow)
        for trial in claimed:
            rest = trial.lease_until - timedelta(seconds=settings.LEASE_SECONDS * 2 / 3)
            study.trials.filter(pk=trial.pk).update(lease_until=rest)
        claim_trials(participant=others, count=6)
        assert answer(slow, position).counts
    assert others.trials.count() == 2


def test_who_answers_after_their_lease_is_over_is_heard_while_nobody_else_needed_the_trial():
    study = open_study(items=4, responses_per_item=1)
    person, other = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=person, count=3)
    expire(study)
    assert answer(person, 1).counts
    claim_trials(participant=other, count=4)
    assert answer(person, 2).counts  # it was renewed with the first
    assert other.trials.count() == 1
    expire(study)
    claim_trials(participant=make_participant(study, 3), count=4)
    late = answer(person, 3)  # free no more, and answered by nobody yet: it goes back to who had it first
    assert late.counts


def test_a_late_answer_to_a_trial_that_went_to_somebody_else_keeps_what_one_holds_besides():
    study = open_study(items=3, responses_per_item=1)
    person, other = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=person, count=3)
    soon, over = (timezone.now() + timedelta(seconds=seconds) for seconds in (60, -1))
    study.trials.filter(state="claimed").update(lease_until=soon)
    study.trials.filter(position=1).update(lease_until=over)
    assert len(claim_trials(participant=other, count=1)) == 1
    assert answer(person, 1).counts
    assert all(trial.lease_until > soon for trial in held_by(person))
