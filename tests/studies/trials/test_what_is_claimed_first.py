"""Which of the free trials somebody is given: orders that they have seen least, and what has waited longest."""

from datetime import timedelta

import pytest

from studies.models import Trial
from studies.trials import sql
from studies.trials.allocation import claim_trials
from tests import by_sql
from tests.factories import make_participant, make_study
from tests.studies.taking_part import expire as expire_leases
from tests.studies.taking_part import held_by, open_study

pytestmark = pytest.mark.django_db


def given_orders(*orders, items=None):
    """A study whose trials have these orders, one item for each, in the order of their ids."""
    study = make_study(items=len(orders), state="open", responses_per_item=1)
    Trial.objects.bulk_create(
        Trial(study=study, item=item, order=order)
        for item, order in zip(study.items.all(), orders, strict=True)
    )
    return study


def orders_of(trials):
    return [trial.order for trial in trials]


def test_of_one_claim_no_order_comes_twice_while_there_are_others():
    study = given_orders("0,1,2", "0,1,2", "0,1,2", "1,2,0", "1,2,0", "2,0,1")
    person = make_participant(study)
    assert orders_of(claim_trials(participant=person, count=3)) == ["0,1,2", "1,2,0", "2,0,1"]
    assert len(orders_of(claim_trials(participant=person, count=3))) == 3


def test_it_looks_a_few_trials_ahead_for_an_order_that_was_seen_less():
    study = given_orders("0,1,2", "0,1,2", "0,1,2", "0,1,2", "1,2,0", "2,0,1")
    person = make_participant(study)
    assert orders_of(claim_trials(participant=person, count=1)) == ["0,1,2"]
    assert orders_of(claim_trials(participant=person, count=1)) == ["1,2,0"]


def test_of_orders_that_were_seen_as_often_the_trial_that_has_waited_longest_comes():
    study = given_orders("2,0,1", "1,2,0", "0,1,2")
    person = make_participant(study)
    positions = [claim_trials(participant=person, count=1)[0].item.index for _ in range(3)]
    assert positions == [0, 1, 2]


def test_the_order_of_a_check_or_of_somebody_else_is_none_that_was_seen():
    study = given_orders("0,1,2", "1,2,0", "0,1,2", "0,1,2")
    person, other = make_participant(study, 1), make_participant(study, 2)
    last, before = study.trials.last(), {"state": "answered", "order": "0,1,2", "position": 1}
    Trial.objects.create(study=study, item=last.item, kind="check", participant=person, **before)
    by_sql.change(Trial.objects.filter(pk=last.pk), participant=other, **before)
    assert orders_of(claim_trials(participant=person, count=1)) == ["0,1,2"]


def test_what_somebody_may_come_back_for_is_left_to_them_while_anything_is_open_in_whatever_order():
    study = given_orders("1,2,0", "0,1,2", "0,1,2", "0,1,2")
    first, second = make_participant(study, 1), make_participant(study, 2)
    claim_trials(participant=first, count=1)
    expire_leases(study)
    for _ in range(3):
        assert orders_of(claim_trials(participant=second, count=1)) == ["0,1,2"]
    assert len(held_by(first)) == 1
    assert orders_of(claim_trials(participant=second, count=1)) == ["1,2,0"]


def test_a_lease_that_ends_in_this_moment_is_not_over():
    study = open_study(items=1, responses_per_item=1)
    (held,) = claim_trials(participant=make_participant(study), count=1)
    until = Trial.objects.get(pk=held.pk).lease_until
    assert sql.lock_free(study.pk, [], 5, until) == []
    assert [free.pk for free in sql.lock_free(study.pk, [], 5, until + timedelta(seconds=1))] == [held.pk]
