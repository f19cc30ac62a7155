"""Studies whose trials are chosen round by round: exact counts, every photo and arm seen, on record, sealed, one at a time."""

import uuid
from collections import Counter

import numpy as np
import pytest

from studies.lifecycle.growth import GrowthError, grow
from studies.lifecycle.opening import open_study
from studies.lifecycle.seal import broken_seal
from studies.models import Event, Participant, Response, Trial
from studies.protocol.wording import default_wording
from studies.results import summary_of
from studies.trial_types import OPTIONS, trial_type_of
from studies.trials import answer_trial, claim_trials, rounds, sql, void_answer, void_participant
from studies.trials.taken_back_in import take_back_in
from tests.factories import make_participant, make_study

pytestmark = pytest.mark.django_db
METHODS = ("grad-cam", "ablation-cam", "layer-cam", "score-cam", "hirescam")
STRONG = (1.5, 0.7, 0.0, -0.7, -1.5)


def opened(kind: str, slug="rounds", **fields):
    """A study of five arms and six photos, three answers each to begin with."""
    wording = default_wording("pair", "overlay", "en") | {OPTIONS: {"kind": kind, "public": False}}
    usual = {
        "task": "pair",
        "methods": METHODS,
        "items": 6,
        "responses_per_item": 3,
        "seed": 4,
        "trials_per_participant": 6,
    }
    return open_study(study=make_study(slug, **{**usual, "wording": wording, **fields}), alike_seen=True)


def take_part(study, count=6, seed=0, answers=None):
    """Somebody who answers by the strengths as many trials as they are given; their trials."""
    person, rng, mine = make_participant(study, number=seed + 1), np.random.default_rng(seed), []
    while len(mine) < count and (trials := claim_trials(participant=person, count=2)):
        for trial in trials:
            left, right = map(int, trial.order.split(","))
            better = rng.random() < 1 / (1 + np.exp(STRONG[right] - STRONG[left]))
            answer_trial(
                participant=person,
                position=trial.position,
                shown_value=0 if better else 1,
                answer_id=uuid.uuid4(),
            )
        mine += trials
    return mine


def test_adaptive_rounds_have_as_many_answers_as_the_protocol_says():
    study = opened("adaptive")
    before = list(study.trials.order_by("pk").values_list("order", flat=True))
    assert len(before) == 18
    everybody = [take_part(study, seed=number) for number in range(5)]
    assert [len(mine) for mine in everybody] == [6, 6, 6, 0, 0]
    assert Counter(study.trials.values_list("item__index", flat=True)) == dict.fromkeys(range(6), 3)
    assert Counter(study.trials.values_list("state", flat=True)) == {"answered": 18}
    after = list(study.trials.order_by("pk").values_list("order", flat=True))
    assert after[:6] == before[:6]  # the first round is balanced, as it was laid out
    assert after[6:] != before[6:]
    noted = list(study.events.filter(kind=Event.Kind.ROUND).order_by("pk").values_list("data", flat=True))
    assert [(one["round"], one["trials"]) for one in noted] == [(0, 6), (1, 6), (2, 6)]
    assert noted[1]["answers"] < noted[2]["answers"] < 18
    assert broken_seal(study) is None
    assert any("chosen by earlier answers" in note for note in summary_of(study).notes)


def test_an_arena_goes_on_as_long_as_people_come():
    study = opened("arena")
    for number in range(8):
        assert len(take_part(study, seed=number)) == 6
        assert len({trial.item_id for trial in Trial.objects.filter(participant__number=number + 1)}) == 6
    assert study.trials.filter(state="answered").count() == 48
    assert study.trials.filter(state="open").count() <= 2 * 6  # it lays out a round, and no more
    orders = [order.split(",") for order in study.trials.values_list("order", flat=True)]
    by_arm = Counter(arm for order in orders for arm in order)
    assert set(by_arm) == set("01234")
    pairs = Counter((left, right) for left, right in orders)
    assert all(abs(count - pairs[right, left]) <= 2 for (left, right), count in pairs.items())
    assert broken_seal(study) is None
    summary = summary_of(study)
    assert summary.responses == 48
    assert any("whenever somebody looks" in note for note in summary.notes)
    assert not any("before all are" in note for note in summary.notes)


def test_one_who_has_met_every_photo_makes_no_more_rounds():
    study = opened("arena")
    person = make_participant(study, number=99)
    study.trials_per_participant = 100
    person.study.trials_per_participant = 100
    while trials := claim_trials(participant=person, count=4):
        for trial in trials:
            answer_trial(participant=person, position=trial.position, shown_value=-1, answer_id=uuid.uuid4())
    made = study.trials.count()
    assert claim_trials(participant=person, count=4) == []
    assert study.trials.count() == made == 18


def test_what_was_answered_decides_what_is_asked():
    """The arm that was met least is asked about most."""
    study = opened("arena", items=20, trials_per_participant=20, responses_per_item=1)
    Trial.objects.filter(order__contains="4").change_what_is_frozen(order="0,1")
    take_part(study, 20)
    person = make_participant(study, number=99)
    claim_trials(participant=person, count=2)
    fresh = study.trials.order_by("-pk")[:20]
    by_arm = Counter(arm for trial in fresh for arm in trial.order.split(","))
    assert by_arm["4"] == max(by_arm.values()) == 10  # half of all pairs, which is the most


def test_an_answer_that_is_taken_out_is_asked_again():
    study = opened("adaptive")
    mine = take_part(study)
    void_answer(response=Response.objects.get(trial=mine[0].pk), reason="test")
    assert study.trials.exclude(state="void").count() == 18


def test_orders_are_not_sealed_but_everything_else_is():
    study = opened("arena")
    assert '"orders":[]' in study.versions.defer(None).get().sealed
    balanced = opened("balanced", "other", networks=("other",))
    assert '"orders":[]' not in balanced.versions.defer(None).get().sealed


def test_a_study_without_an_end_does_not_grow():
    with pytest.raises(GrowthError, match="has no end"):
        grow(study=opened("arena"), responses_per_item=5, why="More")


def test_types_without_options_are_as_they_were():
    study = make_study("plain", task="pair", methods=METHODS)
    layout = trial_type_of(study).layout
    assert not layout.in_rounds
    assert not layout.endless
    assert not rounds.shows_what_left(study, "0,1")


@pytest.mark.parametrize("kind", ["adaptive", "arena"])
def test_who_comes_back_after_another_round_was_chosen_has_all_answers_again(kind):
    study = opened(kind)
    take_part(study, seed=0)
    person = Participant.objects.get(study=study)
    void_participant(participant=person, reason="slept")
    rows = list(study.trials.filter(state="open").order_by("pk"))
    for trial in rows:  # as a later round does that chooses by answers
        left, right = trial.order.split(",")
        Trial.objects.filter(pk=trial.pk).change_what_is_frozen(order=f"{right},{left}")
    outcome = take_back_in(participant=person, reason="was awake")
    assert (outcome.back, outcome.lost) == (6, 0)
    if kind == "adaptive":
        wanted = study.trials.filter(kind="main").exclude(state="void")
        assert Counter(wanted.values_list("item__index", flat=True)) == dict.fromkeys(range(6), 3)


def test_who_comes_back_to_a_study_without_an_end_needs_no_place_in_it():
    study = opened("arena")
    take_part(study, seed=0)
    person = Participant.objects.get(study=study)
    void_participant(participant=person, reason="slept")
    study.trials.filter(state="open").update(state="void")  # as where an arm has left: nothing is asked again
    assert take_back_in(participant=person, reason="was awake").back == 6


def test_a_round_is_chosen_by_the_protocol_of_its_moment_not_by_that_of_the_request():
    study = opened("arena")
    person = make_participant(study, number=1)
    assert (
        person.study.wording[OPTIONS].get("has_left") is None
    )  # what a request has read before an arm leaves
    study.trials.filter(state="open").update(state="void")
    gone = study.wording | {OPTIONS: study.wording[OPTIONS] | {"has_left": ["hirescam"]}}
    type(study).objects.filter(pk=study.pk).change_what_is_frozen(wording=gone)
    given = claim_trials(participant=person, count=6)
    assert given
    assert all(4 not in trial.arms for trial in study.trials.exclude(state="void"))


def test_the_study_is_locked_before_the_person_where_a_round_is_due_and_not_at_all_where_none_is(monkeypatch):
    """The other way round it waits for somebody who comes by their link again, who waits for it: one of the two gets an error."""
    study, locked = opened("arena"), []
    for name in ("lock_study", "lock_participant"):
        lock = getattr(sql, name)
        monkeypatch.setattr(sql, name, lambda pk, name=name, lock=lock: (locked.append(name), lock(pk))[1])
    person = make_participant(study, number=1)
    for _ in range(3):
        claim_trials(participant=person, count=2)
    assert locked == ["lock_participant"] * 3
    study.trials.filter(state=Trial.State.OPEN).update(state="void")
    locked.clear()
    assert claim_trials(participant=make_participant(study, number=2), count=2)
    assert locked == ["lock_participant", "lock_study", "lock_participant"]  # given up, and begun anew
