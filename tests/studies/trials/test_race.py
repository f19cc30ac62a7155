"""Many people at once, in threads with connections of their own, on whatever database DATABASE_URL names."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection, connections
from django.utils import timezone

from studies.lifecycle.opening import open_study
from studies.models import Event, Invitation, Participant, Response, Trial
from studies.participation import invitations
from studies.trials.allocation import answer_trial, claim_trials
from tests.factories import make_participant, make_study

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 16


def at_once(work, arguments, clients=CLIENTS):
    """Call `work` with each argument in so many threads that start together; the results."""
    start = threading.Barrier(clients)

    def one(argument):
        try:
            if argument[0] < clients:
                start.wait()
            return work(*argument[1:])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(one, [(index, *argument) for index, argument in enumerate(arguments)]))


def take_part(participant, seed):
    """Claim and answer to the end; walk away from one claim in five, whose leases then run out at once.

    An answer to another trial renews them, so they run out once more when the person leaves.
    """
    random = np.random.default_rng(seed)
    while claimed := claim_trials(participant=participant, count=5):
        for trial in claimed:
            if random.random() < 0.2:
                run_out(participant, pk=trial.pk)
            else:
                answer_trial(
                    participant=participant, position=trial.position, shown_value=0, answer_id=uuid4()
                )
    run_out(participant)


def run_out(participant, **which):
    past = timezone.now() - timedelta(seconds=1)
    Trial.objects.filter(participant=participant, state="claimed", **which).update(lease_until=past)


def test_every_item_gets_exactly_its_answers_and_nobody_an_item_twice():
    study = make_study(items=12, responses_per_item=6, trials_per_participant=9)
    study = open_study(study=study)
    people = [make_participant(study, number) for number in range(1, 2 * CLIENTS + 1)]
    at_once(take_part, [(participant, participant.number) for participant in people])
    # Whoever walks away last leaves trials that everyone else has left or met: they need someone new.
    while study.trials.exclude(state="answered").exists():
        people.append(make_participant(study, len(people) + 1))
        take_part(people[-1], len(people))

    counted = Response.objects.filter(status="counted")
    assert set(Counter(counted.values_list("trial__item", flat=True)).values()) == {6}
    assert counted.count() == 12 * 6
    assert Trial.objects.filter(state="answered").count() == Trial.objects.count() == 12 * 6
    pairs = Counter(Response.objects.values_list("participant", "trial__item"))
    assert max(pairs.values()) == 1
    met = Counter(Trial.objects.values_list("participant", "item"))
    met.update((event.participant_id, event.data["item"]) for event in Event.objects.filter(kind="lapsed"))
    assert max(met.values()) == 1
    cells = Counter((arm, place) for trial in Trial.objects.all() for place, arm in enumerate(trial.arms))
    assert set(cells.values()) == {24}


def test_a_claim_takes_no_trial_that_another_has():
    study = open_study(study=make_study(items=10, responses_per_item=4, trials_per_participant=10))
    people = [make_participant(study, number) for number in range(1, CLIENTS + 1)]
    claims = at_once(
        lambda person: claim_trials(participant=person, count=5), [(person,) for person in people]
    )
    taken = [trial.pk for trials in claims for trial in trials]
    assert len(taken) == len(set(taken)) == 40


def test_one_participant_in_many_tabs_gets_no_more_than_their_quota():
    study = open_study(study=make_study(items=12, responses_per_item=2, trials_per_participant=7))
    participant = make_participant(study)
    at_once(lambda: claim_trials(participant=participant, count=5), [()] * CLIENTS)
    assert sorted(participant.trials.values_list("position", flat=True)) == list(range(1, 8))


def test_the_same_answer_sent_many_times_at_once_is_one_answer():
    study = open_study(study=make_study(items=2))
    participant, answer_id = make_participant(study), uuid4()
    claim_trials(participant=participant, count=1)
    outcomes = at_once(
        lambda value: answer_trial(
            participant=participant, position=1, shown_value=value, answer_id=answer_id
        ),
        [(index % 3,) for index in range(CLIENTS)],
    )
    assert len({outcome.response.pk for outcome in outcomes}) == 1
    assert all(outcome.counts for outcome in outcomes)
    assert Response.objects.count() == 1


def test_different_answers_to_one_trial_at_once_are_all_kept_and_one_counts():
    study = open_study(study=make_study(items=2))
    participant = make_participant(study)
    claim_trials(participant=participant, count=1)
    at_once(
        lambda: answer_trial(participant=participant, position=1, shown_value=0, answer_id=uuid4()),
        [()] * CLIENTS,
    )
    statuses = Counter(Response.objects.values_list("status", flat=True))
    assert statuses == {"counted": 1, "surplus": CLIENTS - 1}


def test_an_invitation_lets_in_no_more_than_its_quota():
    study = open_study(study=make_study(items=12, responses_per_item=12))
    invitation, _ = Invitation.issue(study, quota=5)
    joined = at_once(lambda: invitations.join(invitation=invitation, consent_sha256=""), [()] * CLIENTS)
    assert sum(reply == "taken" for reply in joined) == CLIENTS - 5
    assert sorted(Participant.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


def test_the_threads_really_have_connections_of_their_own():
    if connection.vendor == "sqlite":
        assert not connection.is_in_memory_db()
    assert len(set(at_once(lambda: id(connection.connection or connection.cursor()), [()] * CLIENTS))) > 1
