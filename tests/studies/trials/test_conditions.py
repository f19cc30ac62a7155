"""Studies in which each person meets one arm alone, or arm after arm: who is given which, and what becomes of it."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.utils import timezone

from studies.lifecycle.opening import open_study
from studies.models import Invitation, Participant, Response, Trial
from studies.participation.invitations import finish
from studies.trial_types import Comparison, Room, next_blocks, next_condition
from studies.trials.allocation import answer_trial, claim_trials, void_participant, withdraw
from studies.trials.waiting import minutes_to_wait_for_more
from tests import by_sql
from tests.factories import METHODS, make_participant, make_study
from tests.studies.trials.test_race import at_once, run_out

CLIENTS = 64


def a_study(comparison="between", *, slug="demo", arms=2, items=4, each=4, **fields):
    study = make_study(
        slug,
        task="single",
        items=items,
        methods=(*METHODS, "score-cam")[:arms],
        responses_per_item=each,
        comparison=comparison,
        **{"trials_per_participant": items, **fields},
    )
    return open_study(study=study)


def do(person, count=4, *, answers=4):
    """Claim, and answer the first ones; leave for good where some are left."""
    claimed = claim_trials(participant=person, count=count)
    for trial in claimed[:answers]:
        answer_trial(participant=person, position=trial.position, shown_value=0, answer_id=uuid4())
    leave(person) if answers < len(claimed) else finish(participant=person)
    return claimed


def _answer_or_leave(person, leaves):
    held = list(person.trials.all())
    for trial in held[: 1 if leaves else 2]:
        answer_trial(participant=person, position=trial.position, shown_value=0, answer_id=uuid4())
    leave(person) if leaves else finish(participant=person)


def leave(person):
    """They answered yesterday, and their leases are over."""
    yesterday = timezone.now() - timedelta(days=1)
    by_sql.change(Response.objects.filter(participant=person), created_at=yesterday)
    run_out(person)


def arms_met(person):
    return {trial.arms[0] for trial in person.trials.filter(kind="main").exclude(state="void")}


def by_condition(study, **which):
    return Counter(study.participants.filter(state="finished", **which).values_list("condition", flat=True))


@pytest.mark.django_db
def test_each_person_meets_one_arm_and_repeats_are_of_it():
    study = a_study(arms=3, each=6, repeats_per_participant=2)
    people = [make_participant(study, number) for number in range(1, 7)]
    for person in people:
        first = claim_trials(participant=person, count=2)
        second = claim_trials(participant=person, count=4)
        assert (len(first), len(second)) == (2, 2)
        for trial in first + second:
            answer_trial(participant=person, position=trial.position, shown_value=0, answer_id=uuid4())
        again = claim_trials(participant=person, count=4)
        assert [trial.order for trial in again] == [str(person.condition)] * 2
        assert arms_met(person) == {person.condition}
    assert Counter(person.condition for person in people) == {0: 2, 1: 2, 2: 2}
    assert Counter(Response.objects.filter(status="counted").values_list("trial__item", "trial__order")) == {
        (item.pk, str(arm)): 2 for item in study.items.all() for arm in range(3)
    }


@pytest.mark.django_db
@pytest.mark.parametrize("leave", ["early", "withdrawn", "void"])
def test_whoever_leaves_is_replaced_in_their_own_arm(leave):
    study = a_study(
        arms=2, each=12 if leave == "early" else 6
    )  # both arms have room where somebody left early
    people = [make_participant(study, number) for number in range(1, 7)]
    for person in people[:5]:
        do(person)
    gone = people[0]
    arm = gone.condition
    if leave == "early":
        gone = people[5]
        do(gone, answers=1)
        arm = gone.condition
        others = [make_participant(study, number) for number in (8, 9)]
        for other in others:
            do(other, answers=1)
        assert [other.condition for other in others] == [arm, arm]
    elif leave == "withdrawn":
        do(people[5])
        withdraw(participant=gone)
        gone.refresh_from_db()
        assert gone.condition is None
    else:
        do(people[5])
        void_participant(participant=gone, reason="never looked")
    new = make_participant(study, 7)
    do(new)
    assert new.condition == arm
    assert by_condition(study) == {0: 3, 1: 3}
    if leave != "early":
        assert not study.trials.filter(state="open").exists()


@pytest.mark.django_db
def test_arms_are_even_within_each_group_and_over_all():
    study = a_study(arms=2, each=40, items=2)
    labels = ["students", "experts", "students", "students", "experts", "students", "", "experts"] * 4
    invitations = {label: Invitation.issue(study, label=label)[0] for label in set(labels)}
    for number, label in enumerate(labels, start=1):
        do(_one(study, number, invitations[label]))
    for label in invitations:
        counts = by_condition(study, invitation__label=label)
        assert abs(counts[0] - counts[1]) <= 1, (label, counts)
    assert by_condition(study) == {0: 16, 1: 16}


def _one(study, number, invitation):
    person = make_participant(study, number)
    person.invitation = invitation
    person.save(update_fields=["invitation"])
    return person


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_people_the_same_arms():
    given = []
    for slug in ("one", "two"):
        study = a_study(slug=slug, arms=3, each=9, networks=(slug,))
        for number in range(1, 10):
            do(make_participant(study, number))
        given.append(list(study.participants.order_by("number").values_list("condition", flat=True)))
    assert given[0] == given[1]
    assert given[0][:3] != given[0][3:6] or given[0][3:6] != given[0][6:]  # chance decides between equals


@pytest.mark.django_db
def test_where_nothing_is_free_nobody_is_given_an_arm_and_of_the_other_arm_nobody_gets_anything():
    study = a_study(arms=2, each=4)
    people = [make_participant(study, number) for number in range(1, 6)]
    for person in people[:3]:
        do(person)
    holder, late = people[3:]
    claim_trials(participant=holder, count=4)
    assert claim_trials(participant=late, count=4) == []
    late.refresh_from_db()
    assert late.condition is None
    assert minutes_to_wait_for_more(late) is not None
    # Whoever meets the other arm does not wait for what the holder has.
    other = next(person for person in people[:3] if person.condition != holder.condition)
    Trial.objects.filter(participant=other, position=4).update(participant=None, position=None, state="void")
    assert minutes_to_wait_for_more(other) is None
    assert claim_trials(participant=other, count=1) == []


@pytest.mark.django_db
@pytest.mark.parametrize("has_read", [False, True])
def test_whoever_left_before_the_first_map_is_not_sent_away_from_a_study_with_room(has_read):
    """A browser is handed the first trial while the instructions are read."""
    study = a_study(arms=2, items=2, each=4)
    gone = make_participant(study, 1)
    claim_trials(participant=gone, count=1)
    arm = gone.condition
    if has_read:
        Participant.objects.filter(pk=gone.pk).update(instructed_at=timezone.now())
    run_out(gone)
    for number in (2, 3):  # all that this arm has
        do(make_participant(study, number, condition=arm), count=2, answers=2)
    back = Participant.objects.get(pk=gone.pk)
    assert back.condition == arm
    got = claim_trials(participant=back, count=2)
    if has_read:  # they have seen a map of an arm that is full now
        assert got == []
        assert minutes_to_wait_for_more(back) is None
        return
    back.instructed_at = timezone.now()  # reading them now does not put the map of before on their screen
    back.save(update_fields=["instructed_at"])
    assert {trial.order for trial in got} == {str(1 - arm)}
    back.refresh_from_db()
    assert back.condition == 1 - arm


@pytest.mark.django_db
def test_whoever_saw_nothing_waits_for_any_arm():
    study = a_study(arms=2, items=2, each=2)
    gone = make_participant(study, 1)
    claim_trials(participant=gone, count=1)
    run_out(gone)
    do(make_participant(study, 2, condition=gone.condition), count=2, answers=2)
    holder = make_participant(study, 3)
    assert len(claim_trials(participant=holder, count=2)) == 2
    back = Participant.objects.get(pk=gone.pk)
    assert claim_trials(participant=back, count=1) == []
    assert minutes_to_wait_for_more(back) is not None


@pytest.mark.django_db
def test_in_blocks_everybody_meets_all_arms_one_after_another_and_each_comes_first_equally_often():
    study = a_study("blocks", arms=2, items=6, each=4)
    people = [make_participant(study, number) for number in range(1, 5)]
    for person in people:
        while do(person, count=2):
            person.refresh_from_db()
            Participant.objects.filter(pk=person.pk).update(state="active")
        orders = person.trials.order_by("position").values_list("order", flat=True)
        first = orders[0]
        assert list(orders) == [first] * 3 + [str(1 - int(first))] * 3
    firsts = Counter(person.trials.get(position=1).order for person in people)
    assert firsts == {"0": 2, "1": 2}
    assert Counter(Response.objects.values_list("trial__item", "trial__order")) == {
        (item.pk, order): 2 for item in study.items.all() for order in "01"
    }


@pytest.mark.django_db(transaction=True)
def test_people_who_come_at_one_moment_are_dealt_out_evenly_and_who_leaves_is_made_up_for():
    study = a_study(arms=4, items=4, each=CLIENTS // 2, trials_per_participant=2)
    people = [
        _one(study, number, Invitation.issue(study, label=f"{number % 2}")[0])
        for number in range(1, CLIENTS + 1)
    ]
    at_once(lambda person: claim_trials(participant=person, count=2), [(one,) for one in people], CLIENTS)
    given = Counter(study.participants.values_list("condition", "invitation__label"))
    assert given == {(arm, label): CLIENTS // 8 for arm in range(4) for label in "01"}
    leavers = {next(one.number for one in people if one.condition == arm) for arm in range(3)}
    at_once(_answer_or_leave, [(one, one.number in leavers) for one in people], CLIENTS)
    number = CLIENTS
    while study.trials.exclude(state="answered").exists():
        number += 1
        do(make_participant(study, number), count=2, answers=2)
    cells = Counter(Response.objects.filter(status="counted").values_list("trial__item", "trial__order"))
    assert set(cells.values()) == {CLIENTS // 8}
    assert len(cells) == 16
    assert number == CLIENTS + 3
    assert set(by_condition(study).values()) == {CLIENTS // 4}
    pairs = Counter(Response.objects.values_list("participant", "trial__item"))
    assert max(pairs.values()) == 1
    assert all(len(arms_met(person)) == 1 for person in study.participants.all())


def test_blocks_are_as_long_as_each_other():
    assert next_blocks((1, 0, 2), given=0, each=8, count=8) == [(1, 3), (0, 3), (2, 2)]
    assert next_blocks((1, 0, 2), given=3, each=8, count=2) == [(0, 2)]
    assert next_blocks((1,), given=5, each=4, count=3) == [(1, 3)]  # more than was planned


def test_conditions_of_blocks_have_every_arm_in_every_place_and_after_every_other_equally_often():
    for arms in (2, 3, 4, 5):
        rows = Comparison.BLOCKS.conditions(arms)
        places = Counter((place, arm) for row in rows for place, arm in enumerate(row))
        assert len(places) == arms**2
        assert len(set(places.values())) == 1
        follows = Counter(pair for row in rows for pair in pairwise(row))
        assert len(follows) == arms * (arms - 1)
        assert len(set(follows.values())) == 1


def test_the_next_person_gets_what_their_group_lacks_then_what_all_lack_and_never_what_others_need():
    def room(free=10, promised=0, alike=0, people=0):
        return Room(free, promised, alike, people)

    assert next_condition([room(alike=2), room(alike=1, people=9)], [1]) == 1
    assert next_condition([room(people=2), room(people=3)], [1]) == 0
    assert next_condition([room(promised=10), room(alike=5)], [1]) == 1
    assert (
        next_condition([room(promised=10), room(promised=12, alike=5)], [1]) == 0
    )  # better than to send them away
    assert next_condition([room(free=0), room(alike=5, promised=12)], [1]) == 1
    assert next_condition([room(free=0), room(free=0)], [1]) is None
    drawn = {next_condition([room(), room(), room()], [seed]) for seed in range(20)}
    assert drawn == {0, 1, 2}
