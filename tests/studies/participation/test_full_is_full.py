"""Nobody is told that all places are taken while others only hold what is left; and it comes back sooner for who waits."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studies.models import Participant, Response, Trial
from studies.trials import waiting
from studies.trials.waiting import minutes_to_wait
from tests import by_sql

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(invite, another_visitor, settings):
    """One person holds both photos that there are, since just now."""
    settings.CLAIM_BLOCK = 3
    study, join = invite(items=2, responses_per_item=1, trials_per_participant=2)
    return study, join, another_visitor().start(join)


def minutes_ago(study, minutes):
    """What is held was given so many minutes ago, and answers are as old."""
    then = timedelta(minutes=minutes)
    study.trials.filter(state="claimed").update(lease_until=timezone.now() + timedelta(seconds=900) - then)
    by_sql.change(Response.objects.all(), created_at=timezone.now() - then)


def test_who_comes_reads_when_to_come_back_and_the_page_asks_again_by_itself(held, visitor):
    _, join, _ = held
    visitor.get(join)
    assert "All places are taken" not in visitor.text
    assert "come back in 5 min" in visitor.text
    refresh = visitor.soup.select_one("meta[http-equiv=refresh]")["content"]
    assert refresh == f"30;url={join}"


def test_it_is_full_once_all_is_answered(held, visitor):
    _, join, holder = held
    holder.answer(0).answer(0)
    assert "All places are taken" in visitor.get(join).text


def test_who_agreed_meanwhile_is_asked_to_wait_too(held, visitor):
    study, join, _ = held
    visitor.client.post(join, {"consent": "on"}, follow=True)
    assert study.participants.count() == 1


def test_what_was_left_lying_is_given_back_for_who_waits(held, visitor):
    study, join, _ = held
    minutes_ago(study, 4)
    assert "come back in 1 min" in visitor.get(join).text
    minutes_ago(study, 6)
    assert "You are invited" in visitor.get(join).text
    assert visitor.press().press().on_trial


def test_nothing_is_taken_from_somebody_who_is_answering(held, visitor):
    study, join, holder = held
    holder.answer(0)
    study.trials.filter(state="claimed").update(lease_until=timezone.now() + timedelta(minutes=2))
    assert minutes_to_wait(study) == 2  # their lease is not renewed yet, but they answered just now
    assert "come back" in visitor.get(join).text
    assert study.trials.get(state="claimed").lease_until > timezone.now()


def test_who_takes_part_may_wait_or_finish(invite, another_visitor, settings):
    settings.CLAIM_BLOCK = 1
    study, join = invite(items=6, responses_per_item=1, trials_per_participant=6)
    first, second = another_visitor().start(join), another_visitor().start(join)
    while second.on_trial:
        second.answer(0)
    assert "Others are answering the last photos" in second.text
    assert second.soup.select_one("meta[http-equiv=refresh]")
    assert study.participants.get(number=2).state == "active"
    minutes_ago(study, 6)
    assert second.get(second.home).on_trial
    while second.on_trial:
        second.answer(0)
    assert second.soup.select_one("#code")
    assert "No photos left" in first.get(first.home + "trial/").text or first.on_trial


def test_who_does_not_want_to_wait_is_through_with_their_code(held, invite, another_visitor):
    study, join, holder = held
    Trial.objects.create(study=study, item=study.items.first(), order="0,1,2")
    other = another_visitor().start(join).answer(0)
    assert "Others are answering the last photos" in other.text
    other.press("form.actions")
    assert other.soup.select_one("#code")
    assert Participant.objects.get(number=2).state == "finished"
    assert holder.get(holder.home).on_trial


def test_nobody_waits_for_what_they_have_met(held, another_visitor):
    study, _, holder = held
    holder.answer(0)
    study.trials.filter(state="claimed").update(state="void")
    first = Participant.objects.get()
    again = study.trials.get(state="answered").item
    Trial.objects.create(
        study=study,
        item=again,
        order="0,1,2",
        state="claimed",
        lease_until=timezone.now() + timedelta(minutes=9),
    )
    assert first.responses.count() == 1
    assert holder.get(holder.home).soup.select_one("#code")


def test_photos_that_somebody_has_met_are_not_among_those_that_they_wait_for(held):
    study, _, _ = held
    assert minutes_to_wait(study) == 5
    assert minutes_to_wait(study, set(study.items.values_list("pk", flat=True))) is None


def test_what_others_hold_may_be_answered_while_somebody_asks_how_long_to_wait(held, monkeypatch):
    """The last of it, between two looks at it: the page was an error of the site."""
    study, _, _ = held

    def answered_meanwhile(trials):
        study.trials.filter(state="claimed").update(state="answered")
        return 0

    monkeypatch.setattr(waiting, "_give_back_idle", answered_meanwhile)
    assert minutes_to_wait(study) == 5
    assert minutes_to_wait(study) is None
