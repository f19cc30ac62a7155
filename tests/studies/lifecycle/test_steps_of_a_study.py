"""From draft to archive: which step there is, what it leaves as it is, and who is on record for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import open_study
from studies.lifecycle.similarity import measure
from studies.lifecycle.transitions import STEPS, StepError, change_state, delete_study
from studies.models import Event, Study
from studies.monitoring.people_needed import PeopleNeeded, need_of
from tests import by_sql
from tests.factories import make_participant, make_study

pytestmark = pytest.mark.django_db

ALLOWED = {
    ("precomputing", "draft"), ("ready", "open"), ("ready", "draft"), ("open", "paused"), ("open", "closed"),
    ("paused", "open"), ("paused", "closed"), ("closed", "archived"), ("archived", "closed"),
}  # fmt: skip


def test_there_are_these_steps_and_no_others():
    assert {(str(before), str(to)) for before, steps in STEPS.items() for to in steps} == ALLOWED


@pytest.mark.parametrize("before", Study.State.values)
def test_a_step_that_there_is_not_is_refused_and_nothing_changes(before):
    study = make_study(state=before, items=1)
    for to in Study.State.values:
        if (before, to) not in ALLOWED:
            with pytest.raises(StepError, match=f"demo is {before}; it cannot become {to}"):
                change_state(study=study, to=to)
    assert Study.objects.get().state == before
    assert study.items.exists()
    assert not Event.objects.exists()


def test_who_paused_resumed_and_closed_a_study_is_on_record(researcher):
    study = open_study(study=make_study(items=1))
    for to in ("paused", "open", "closed", "archived", "closed"):
        study = change_state(study=study, to=to, user=researcher)
        assert Study.objects.get().state == to
    events = Event.objects.exclude(kind="opened").order_by("id")
    assert [(event.kind, event.data["from"]) for event in events] == [
        ("paused", "open"), ("open", "paused"), ("closed", "open"), ("archived", "closed"), ("closed", "archived"),
    ]  # fmt: skip
    assert {event.user for event in events} == {researcher}
    assert is_intact(study)


def test_a_study_that_comes_back_from_the_archive_was_closed_when_it_was_closed():
    study = open_study(study=make_study(items=1))
    assert change_state(study=study, to="paused").closed_at is None
    at = change_state(study=study, to="closed").closed_at
    assert at is not None
    for to in ("archived", "closed"):
        study = change_state(study=study, to=to)
    assert Study.objects.get().closed_at == at


def test_a_study_that_becomes_a_draft_again_loses_arms_and_items_and_keeps_its_maps():
    study, other = make_study(items=1), make_study("other", networks=("other",), items=1)
    measure(study)
    shown = study.items.get().item_maps.first().map
    change_state(study=study, to="draft")
    now = Study.objects.get(slug="demo")
    assert (now.state, now.items.count(), now.arms.count(), now.likeness) == ("draft", 0, 0, {})
    assert type(shown).objects.filter(pk=shown.pk).exists()
    assert (other.items.count(), other.arms.count()) == (1, 3)


def test_two_pages_that_go_on_from_the_same_state_go_one_step_only():
    study = open_study(study=make_study(items=1))
    first, second = Study.objects.get(), Study.objects.get()
    change_state(study=first, to="closed")
    with pytest.raises(StepError, match="demo is closed; it cannot become paused"):
        change_state(study=second, to="paused")
    assert study.events.filter(kind="paused").count() == 0


def test_a_study_that_was_opened_meanwhile_is_not_deleted(researcher):
    study = make_study(items=1)
    before = Study.objects.get()
    open_study(study=study)
    with pytest.raises(StepError, match="has been opened, so it is kept"):
        delete_study(study=before, user=researcher)
    assert Study.objects.exists()


# Whether those who are here can finish it


@pytest.fixture
def running():
    """Four photos, one answer each, at most three from one person; somebody came long ago."""
    study = open_study(study=make_study(items=4, responses_per_item=1, trials_per_participant=3))
    person = make_participant(study, consented_at=timezone.now() - timedelta(days=1))
    return study, person


def hold(study, person, count, minutes):
    pks = study.trials.order_by("item__index").values_list("pk", flat=True)[:count]
    until = timezone.now() + timedelta(minutes=minutes)
    study.trials.filter(pk__in=list(pks)).update(state="claimed", participant=person, lease_until=until)


def need(study):
    left = need_of(Study.objects.get(pk=study.pk))
    return left.answers, left.people


def test_whoever_holds_trials_is_there_and_gives_no_more_than_their_share(running):
    study, person = running
    assert need(study) == (4, 2)
    hold(study, person, 1, 5)
    assert need(study) == (1, 1)  # three are free; two of them they may still be given


def test_whoever_let_their_leases_go_is_gone_and_what_they_held_is_free(running):
    study, person = running
    hold(study, person, 1, -5)
    assert need(study) == (4, 2)


def test_whoever_has_just_come_is_counted_on(running, settings):
    study, _ = running
    settings.LEASE_SECONDS = 600
    someone = make_participant(study, 2)
    assert need(study) == (1, 1)
    for state in ("finished", "withdrawn", "screened"):
        study.participants.filter(pk=someone.pk).update(state=state)
        assert need(study) == (4, 2)
    study.participants.filter(pk=someone.pk).update(
        state="active", consented_at=timezone.now() - timedelta(seconds=700)
    )
    assert need(study) == (4, 2)


def test_a_photo_that_lapsed_for_somebody_is_none_that_they_can_still_answer(running):
    study, _ = running
    someone = make_participant(study, 2)
    item = study.items.get(index=0)
    Event.objects.create(study=study, participant=someone, kind="lapsed", data={"item": item.pk})
    study.trials.exclude(item=item).update(state="answered")
    assert need(study) == (1, 1)


def test_repeats_and_checks_take_nothing_from_the_share_and_are_no_free_trials(running):
    study, _ = running
    someone = make_participant(study, 2)
    for number, kind in enumerate(("repeat", "check"), start=1):
        item = study.items.get(index=3)
        study.trials.create(
            item=item, order="0,1,2", kind=kind, state="answered", participant=someone, position=number
        )
    study.trials.create(item=study.items.get(index=0), order="0,1,2", kind="check", state="open")
    assert need(study) == (1, 1)


@pytest.mark.parametrize("state", ["ready", "closed", "archived"])
def test_a_study_that_asks_nobody_needs_nobody(running, state):
    study, _ = running
    Study.objects.update(state="paused")
    assert need(study) == (4, 2)
    by_sql.change(Study.objects.all(), state=state)
    assert need(study) == (0, 0)


@pytest.mark.parametrize(
    ("answers", "people", "sentence"),
    [
        (0, 0, ""),
        (1, 1, "1 answer is left that nobody who takes part now can give: 1 new person or more needed."),
        (
            2000,
            20,
            "2,000 answers are left that nobody who takes part now can give: 20 new people or more needed.",
        ),
    ],
)
def test_what_is_needed_is_said_in_words(answers, people, sentence):
    assert PeopleNeeded(answers, people).in_words == sentence
