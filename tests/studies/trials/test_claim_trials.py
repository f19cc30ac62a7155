"""Claiming: who is given which trials."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from studies.models import Event, Study, Trial
from studies.trials import sql as statements
from studies.trials.allocation import answer_trial, claim_trials, lay_out_trials, renew_leases
from tests import by_sql
from tests.factories import make_participant, make_study
from tests.studies.taking_part import answer, answer_all, answer_what_they_hold, held_by, open_study
from tests.studies.taking_part import expire as expire_leases

pytestmark = pytest.mark.django_db


def test_it_lays_out_exactly_r_trials_an_item_with_balanced_orders():
    study = make_study(items=6, responses_per_item=4)
    assert lay_out_trials(study) == 24
    assert set(Counter(study.trials.values_list("item", flat=True)).values()) == {4}
    cells = Counter((arm, place) for trial in study.trials.all() for place, arm in enumerate(trial.arms))
    assert set(cells.values()) == {8}  # 24 trials, three arms, three positions


def test_every_item_comes_once_in_a_round_in_all_its_orders_before_one_comes_again():
    study = make_study(items=5, responses_per_item=6, seed=3)
    lay_out_trials(study)
    items = list(study.trials.values_list("item__index", flat=True))
    turns = [items[start : start + 5] for start in range(0, 30, 5)]
    assert [sorted(turn) for turn in turns] == [list(range(5))] * 6
    assert len({tuple(turn) for turn in turns}) > 1
    assert set(Counter(study.trials.values_list("item", "order")).values()) == {1}  # 6 orders of 3 arms
    assert not study.trials.exclude(kind="main", state="open", participant=None, position=None).exists()


def test_the_seed_says_in_which_order_items_and_arms_come():
    def laid_out(slug, seed):
        study = make_study(slug, items=5, responses_per_item=4, seed=seed, networks=(slug,))
        lay_out_trials(study)
        return list(study.trials.values_list("item__index", "order"))

    assert laid_out("one", 7) == laid_out("same", 7)
    other = laid_out("other", 8)
    assert [item for item, _ in laid_out("again", 7)] != [item for item, _ in other]
    assert Counter(laid_out("more", 7)) != Counter(other)


def test_it_gives_as_many_as_asked_for_at_positions_from_one_on():
    study = open_study(items=6)
    participant = make_participant(study)
    first, second = (
        claim_trials(participant=participant, count=2),
        claim_trials(participant=participant, count=3),
    )
    assert [trial.position for trial in first + second] == [1, 2, 3, 4, 5]
    stored = participant.trials.order_by("position")
    assert [(t.pk, t.position, t.state) for t in stored] == [
        (t.pk, t.position, "claimed") for t in first + second
    ]
    assert all(trial.lease_until > timezone.now() for trial in stored)


def test_nobody_gets_an_item_twice():
    study = open_study(items=3, responses_per_item=4)
    participant = make_participant(study)
    assert len(claim_trials(participant=participant, count=10)) == 3
    assert claim_trials(participant=participant, count=10) == []
    assert participant.trials.values("item").distinct().count() == 3


def test_it_stops_at_the_quota():
    study = open_study(items=6, trials_per_participant=4)
    participant = make_participant(study)
    assert len(claim_trials(participant=participant, count=3)) == 3
    assert len(claim_trials(participant=participant, count=3)) == 1
    assert claim_trials(participant=participant, count=3) == []


def test_it_gives_orders_that_the_participant_has_seen_least():
    study = open_study(items=24, responses_per_item=6, trials_per_participant=24)
    participant = make_participant(study)
    for _ in range(6):
        claim_trials(participant=participant, count=2)
    seen = Counter(participant.trials.values_list("order", flat=True))
    assert set(seen.values()) == {2}
    assert len(seen) == 6


def test_all_items_fill_up_together():
    study = open_study(items=10, responses_per_item=4, trials_per_participant=5)
    for number in range(1, 5):
        claim_trials(participant=make_participant(study, number), count=5)
    held = Counter(study.trials.filter(state="claimed").values_list("item", flat=True))
    assert len(held) >= 8
    assert max(held.values()) <= 3


def test_nothing_is_given_while_a_study_is_not_open():
    study = open_study()
    participant = make_participant(study)
    study.state = Study.State.PAUSED
    study.save()
    assert claim_trials(participant=participant, count=2) == []


def test_a_trial_whose_lease_is_over_goes_to_the_next_person_who_needs_it():
    study = open_study(items=2, responses_per_item=1)
    first, second = make_participant(study, 1), make_participant(study, 2)
    held = claim_trials(participant=first, count=2)
    assert claim_trials(participant=second, count=2) == []
    expire_leases(study)
    assert {trial.pk for trial in claim_trials(participant=second, count=2)} == {trial.pk for trial in held}
    assert first.trials.count() == 0


def test_open_trials_are_taken_before_those_whose_lease_is_over():
    study = open_study(items=4, responses_per_item=1)
    first, second = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=first, count=2)
    expire_leases(study)
    claim_trials(participant=second, count=2)
    assert first.trials.count() == second.trials.count() == 2


def test_who_lost_a_trial_does_not_meet_its_item_again():
    study = open_study(items=2, responses_per_item=2)
    first, second = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=first, count=2)
    Trial.objects.filter(state="open").update(state="void")
    expire_leases(study)
    claim_trials(participant=second, count=2)
    Trial.objects.filter(state="void").update(state="open")
    assert claim_trials(participant=first, count=2) == []


def test_positions_are_never_used_again():
    study = open_study(items=4, responses_per_item=1)
    first, second = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=first, count=2)
    Trial.objects.filter(state="open").update(state="void")
    expire_leases(study)
    claim_trials(participant=second, count=2)
    Trial.objects.filter(state="void").update(state="open")
    assert [trial.position for trial in claim_trials(participant=first, count=2)] == [3, 4]


def test_a_late_answer_uses_up_the_quota():
    study = open_study(items=3, responses_per_item=1, trials_per_participant=2)
    first, second = make_participant(study, 1), make_participant(study, 2)
    [trial] = claim_trials(participant=first, count=1)
    study.trials.filter(state="open").update(state="void")
    expire_leases(study)
    claim_trials(participant=second, count=1)
    answer_trial(participant=second, position=1, shown_value=0, answer_id=uuid4())
    assert not answer_trial(participant=first, position=1, shown_value=0, answer_id=uuid4()).counts
    study.trials.filter(state="void").update(state="open")
    assert len(claim_trials(participant=first, count=5)) == 1
    assert trial.item_id not in first.trials.values_list("item", flat=True)


def test_a_claim_takes_few_queries(django_assert_max_num_queries):
    participant = make_participant(open_study(items=12))
    with django_assert_max_num_queries(7):
        claim_trials(participant=participant, count=5)


def test_what_lapses_in_the_middle_of_a_claim_is_not_met_again(monkeypatch):
    study = open_study(items=1, responses_per_item=2)
    ann, ben, cem = (make_participant(study, number) for number in (1, 2, 3))
    (first,), (second,) = (claim_trials(participant=person, count=1) for person in (ann, ben))
    past = timezone.now() - timedelta(seconds=1)
    Trial.objects.filter(pk=first.pk).update(lease_until=past)
    really = statements._ask

    def after_another_claim(sql, parameters):
        """Before the first look at what someone has met, what they hold goes to someone else."""
        if "position, state FROM studies_trial WHERE participant_id" in sql:
            monkeypatch.setattr(statements, "_ask", really)
            assert claim_trials(participant=cem, count=1) == [first]
            Trial.objects.filter(pk=second.pk).update(lease_until=past)
        return really(sql, parameters)

    monkeypatch.setattr(statements, "_ask", after_another_claim)
    assert claim_trials(participant=ann, count=1) == []


@pytest.mark.parametrize("state", ["finished", "withdrawn", "screened"])
def test_nothing_is_held_back_from_others_for_who_takes_part_no_more(state):
    study = open_study(items=6)
    person, other = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=person, count=2)
    person.state = state
    person.save()
    assert claim_trials(participant=person, count=2) == []
    assert len(claim_trials(participant=other, count=2)) == 2


def test_what_is_handed_out_is_what_is_stored(settings):
    study = open_study(items=8, attention_checks=2)
    settings.LEASE_SECONDS = 600
    person = make_participant(study)
    before = timezone.now()
    trials = claim_trials(participant=person, count=8)
    fields = ("pk", "study_id", "kind", "item_id", "order", "state", "participant_id", "position")
    stored = person.trials.order_by("position")
    for trial, row in zip(trials, stored, strict=True):
        assert [getattr(trial, field) for field in fields] == [getattr(row, field) for field in fields]
        assert trial.lease_until == row.lease_until
        assert timedelta(seconds=599) < row.lease_until - before < timedelta(seconds=660)
    assert [row.position for row in stored] == list(range(1, 11))
    assert {row.study_id for row in stored} == {study.pk}


def test_two_people_of_one_study_are_given_trials_each_from_position_one_on():
    study = open_study(items=6, responses_per_item=1)
    first, second = make_participant(study, 1), make_participant(study, 2)
    for person in (first, second, first, second):
        claim_trials(participant=person, count=1)
    for person in (first, second):
        assert [trial.position for trial in held_by(person)] == [1, 2]
    assert not set(first.trials.values_list("pk")) & set(second.trials.values_list("pk"))


def test_what_one_has_met_or_lost_keeps_it_from_nobody_else():
    study = open_study(items=2, responses_per_item=2)
    first, second, third = (make_participant(study, number) for number in (1, 2, 3))
    claim_trials(participant=first, count=2)
    study.trials.filter(state="open").update(state="void")
    expire_leases(study)
    assert len(claim_trials(participant=second, count=2)) == 2
    expire_leases(study)
    assert len(claim_trials(participant=third, count=2)) == 2


def test_nobody_is_given_a_trial_of_another_study():
    open_study("earlier", items=3, networks=("other",))
    study = open_study(items=3)
    person = make_participant(study)
    assert {trial.study_id for trial in claim_trials(participant=person, count=3)} == {study.pk}
    Trial.objects.filter(study=study, state="open").update(state="void")
    Trial.objects.filter(study__slug="earlier").update(state="claimed", lease_until="2020-01-01T00:00Z")
    assert claim_trials(participant=make_participant(study, 2), count=3) == []


@pytest.mark.parametrize("kind", ["repeat", "check"])
def test_a_repeat_or_check_whose_lease_is_over_is_given_to_nobody_else(kind):
    study = open_study(items=4, attention_checks=1, repeats_per_participant=2, responses_per_item=1)
    first, second = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=first, count=4)
    for trial in held_by(first):
        if trial.kind != kind:
            answer(first, trial.position)
    claim_trials(participant=first, count=4)
    assert kind in {trial.kind for trial in held_by(first)}
    expire_leases(study)
    holds = held_by(first)
    answer_all(second)
    assert held_by(first) == holds
    assert second.trials.count() == 0
    answer_what_they_hold(first)
    assert set(study.trials.values_list("state", flat=True)) == {"answered"}


def test_who_still_holds_photos_is_not_given_repeats_before_them():
    study = open_study(items=4, repeats_per_participant=2)
    person = make_participant(study)
    claim_trials(participant=person, count=4)
    for position in (1, 2, 3):
        answer(person, position)
    assert claim_trials(participant=person, count=4) == []
    answer(person, 4)
    again = claim_trials(participant=person, count=4)
    assert [(trial.kind, trial.position, trial.state) for trial in again] == [
        ("repeat", 5, "claimed"),
        ("repeat", 6, "claimed"),
    ]
    assert all(trial.lease_until > timezone.now() for trial in again)
    assert {trial.study_id for trial in again} == {study.pk}
    assert [trial.item_id for trial in again] == [person.trials.get(position=n).item_id for n in (1, 2)]


def test_only_photos_that_were_answered_and_count_are_asked_again_the_first_ones_first():
    study = open_study(items=6, responses_per_item=1, repeats_per_participant=9)
    person, other = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=person, count=5)
    for position in (5, 4, 3, 2, 1):
        answer(person, position)
    person.trials.filter(position=1).update(state="void")
    claim_trials(participant=other, count=1)
    again = claim_trials(participant=person, count=5)
    assert [trial.item_id for trial in again] == [person.trials.get(position=n).item_id for n in (2, 3)]
    assert [trial.position for trial in again] == [6, 7]


def test_repeats_and_checks_are_no_part_of_the_quota():
    study = open_study(items=8, attention_checks=2, repeats_per_participant=2, trials_per_participant=5)
    person = make_participant(study)
    answer_all(person, count=2)
    assert Counter(person.trials.values_list("kind", flat=True)) == {"main": 5, "check": 2, "repeat": 2}
    assert sorted(person.trials.values_list("position", flat=True)) == list(range(1, 10))


@pytest.mark.parametrize("left", ["nothing", "met before", "a repeat", "of another study", "in good hands"])
def test_who_finds_nothing_left_is_told_so_at_once(monkeypatch, left):
    study = open_study(items=1, responses_per_item=1)
    person = make_participant(study)
    (trial,) = claim_trials(participant=person, count=1)
    past = {"lease_until": timezone.now() - timedelta(seconds=1)}
    if left == "met before":
        answer(person, 1)
        Trial.objects.create(study=study, item=trial.item, order="0,1,2")
    elif left == "of another study":
        open_study("another", networks=("other",))
        Trial.objects.filter(study=study).update(state="answered")
    elif left == "a repeat":
        by_sql.change(study.trials.all(), kind="repeat", **past)
    elif left == "nothing":
        study.trials.update(state="answered", **past)
    other = person if left == "met before" else make_participant(study, 2)
    monkeypatch.setattr(
        "studies.trials.free_trials.sleep", lambda seconds: pytest.fail("They are kept waiting.")
    )
    assert claim_trials(participant=other, count=1) == []


def test_who_has_done_all_that_is_asked_of_them_is_told_so_at_once(monkeypatch):
    study = open_study(items=4, trials_per_participant=2)
    person = make_participant(study)
    monkeypatch.setattr(
        "studies.trials.free_trials.sleep", lambda seconds: pytest.fail("They are kept waiting.")
    )
    assert claim_trials(participant=person, count=0) == []
    assert len(claim_trials(participant=person, count=2)) == 2
    assert claim_trials(participant=person, count=2) == []


def test_answering_twice_uses_up_nothing_of_the_quota_of_who_has_lost_a_trial():
    study = open_study(items=5, responses_per_item=1, trials_per_participant=4)
    first, second = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=first, count=2)
    answer(first, 1)
    answer(first, 1, 1)  # a second tab
    expire_leases(study)
    Trial.objects.filter(state="open").update(state="void")
    assert len(claim_trials(participant=second, count=1)) == 1
    Trial.objects.filter(state="void").update(state="open")
    assert first.trials.count() == 1
    assert len(claim_trials(participant=first, count=9)) == 3


def test_a_late_answer_that_is_sent_twice_uses_up_the_quota_once():
    study = open_study(items=4, responses_per_item=1, trials_per_participant=3)
    first, second = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=first, count=1)
    expire_leases(study)
    Trial.objects.filter(state="open").update(state="void")
    claim_trials(participant=second, count=1)
    answer(second, 1)
    for value in (0, 1):
        assert not answer(first, 1, value).counts
    Trial.objects.filter(state="void").update(state="open")
    assert len(claim_trials(participant=first, count=9)) == 2


def test_other_things_on_record_of_a_person_are_no_trials_that_they_lost():
    study = open_study(items=3, responses_per_item=1)
    person = make_participant(study)
    Event.objects.create(study=study, participant=person, kind="refused", data={"position": 7, "item": 1})
    assert [trial.position for trial in claim_trials(participant=person, count=3)] == [1, 2, 3]


def test_that_a_trial_lapsed_is_on_record_for_who_had_it_and_where():
    study = open_study(items=3, responses_per_item=1)
    first, second = make_participant(study, 1), make_participant(study, 2)
    held = claim_trials(participant=first, count=3)
    answer(first, 1)
    expire_leases(study)
    claim_trials(participant=second, count=2)
    lapses = Event.objects.filter(kind="lapsed").order_by("data__position")
    assert [(event.study, event.participant, event.user, event.data) for event in lapses] == [
        (study, first, None, {"trial": trial.pk, "item": trial.item_id, "position": trial.position})
        for trial in held[1:]
    ]


def test_who_stays_keeps_what_they_hold_and_nobody_else_does(settings):
    study = open_study(items=4, responses_per_item=1)
    first, second = make_participant(study, 1), make_participant(study, 2)
    for person in (first, second):
        claim_trials(participant=person, count=2)
    answer(first, 1)
    expire_leases(study)
    assert renew_leases(participant=first) == 1
    (mine,) = held_by(first)
    assert mine.lease_until > timezone.now() + timedelta(seconds=settings.LEASE_SECONDS - 60)
    assert first.trials.get(position=1).lease_until is None
    assert all(trial.lease_until < timezone.now() for trial in held_by(second))
