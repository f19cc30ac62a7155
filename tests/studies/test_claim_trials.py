"""Claiming: who is given which trials."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from studies import statements
from studies.allocation import answer_trial, claim_trials, lay_out_trials
from studies.models import Study, Trial
from tests.factories import make_participant, make_study

pytestmark = pytest.mark.django_db


def open_study(**fields) -> Study:
    study = make_study(**fields)
    lay_out_trials(study)
    study.state = Study.State.OPEN
    study.save()
    return study


def expire_leases(study):
    study.trials.filter(state="claimed").update(lease_until=timezone.now() - timedelta(seconds=1))


def test_it_lays_out_exactly_r_trials_an_item_with_balanced_orders():
    study = make_study(items=6, responses_per_item=4)
    assert lay_out_trials(study) == 24
    assert set(Counter(study.trials.values_list("item", flat=True)).values()) == {4}
    cells = Counter((arm, place) for trial in study.trials.all() for place, arm in enumerate(trial.arms))
    assert set(cells.values()) == {8}  # 24 trials, three arms, three positions


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
    one, two, three = (make_participant(study, number) for number in (1, 2, 3))
    (first,), (second,) = (claim_trials(participant=person, count=1) for person in (one, two))
    past = timezone.now() - timedelta(seconds=1)
    Trial.objects.filter(pk=first.pk).update(lease_until=past)
    really = statements._ask

    def after_another_claim(sql, parameters):
        """Before the first look at what someone has met, what they hold goes to someone else."""
        if "position, state FROM studies_trial WHERE participant_id" in sql:
            monkeypatch.setattr(statements, "_ask", really)
            assert claim_trials(participant=three, count=1) == [first]
            Trial.objects.filter(pk=second.pk).update(lease_until=past)
        return really(sql, parameters)

    monkeypatch.setattr(statements, "_ask", after_another_claim)
    assert claim_trials(participant=one, count=1) == []


@pytest.mark.parametrize("state", ["finished", "withdrawn", "screened"])
def test_nothing_is_held_back_from_others_for_who_takes_part_no_more(state):
    study = open_study(items=6)
    person, other = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=person, count=2)
    person.state = state
    person.save()
    assert claim_trials(participant=person, count=2) == []
    assert len(claim_trials(participant=other, count=2)) == 2
