"""Repeats at the end, far from the first time and in another order; breaks in between."""

import pytest

from studies.lifecycle.fingerprint import is_intact
from studies.models import Response, Trial

pytestmark = pytest.mark.django_db


def answer_all(visitor, value=0):
    while visitor.on_trial:
        visitor.answer(value)
    return visitor


def test_each_person_meets_the_first_photos_again_at_the_end_with_every_arm_elsewhere(visitor, invite):
    _, join = invite(items=6, repeats_per_participant=2)
    visitor.start(join)
    assert "1 of 8" in visitor.text
    answer_all(visitor)
    repeats = list(Trial.objects.filter(kind="repeat").order_by("position"))
    first = list(Trial.objects.filter(kind="main", participant=repeats[0].participant).order_by("position"))
    assert [trial.position for trial in repeats] == [7, 8]
    assert [trial.item for trial in repeats] == [trial.item for trial in first[:2]]
    for repeat, original in zip(repeats, first[:2], strict=True):
        assert all(a != b for a, b in zip(repeat.arms, original.arms, strict=True))
    assert "/thanks/" in visitor.path
    assert "end a little early" not in visitor.text


def test_answers_to_repeats_are_kept_apart_from_the_scores(visitor, invite):
    study, join = invite(items=4, repeats_per_participant=1)
    answer_all(visitor.start(join))
    assert Response.objects.filter(status="counted", trial__kind="main").count() == 4
    assert Response.objects.filter(status="aside", trial__kind="repeat").count() == 1
    assert Response.objects.count() == 5
    assert study.trials.filter(kind="main").count() == 8
    assert is_intact(study)


def test_an_answer_to_a_repeat_can_be_undone_once_too(visitor, invite):
    _, join = invite(items=4, repeats_per_participant=2)
    visitor.start(join)
    for _ in range(5):
        visitor.answer(0)
    visitor.press("form#undo").answer(1).answer(0)
    assert list(Response.objects.filter(trial__kind="repeat").values_list("shown_value", "status")) == [
        (0, "undone"),
        (1, "aside"),
        (0, "aside"),
    ]


def test_there_are_at_most_half_as_many_repeats_as_photos(visitor, invite):
    _, join = invite(items=3, repeats_per_participant=9)
    visitor.start(join)
    assert "1 of 4" in visitor.text
    answer_all(visitor)
    assert Trial.objects.filter(kind="repeat").count() == 1


def test_a_repeat_is_nobody_elses(visitor, another_visitor, invite):
    _, join = invite(items=2, responses_per_item=2, repeats_per_participant=1)
    visitor.start(join).answer(0).answer(0)
    Trial.objects.filter(kind="repeat").update(lease_until="2020-01-01T00:00Z")
    other = another_visitor().start(join)
    answer_all(other)
    assert Trial.objects.get(kind="repeat", state="claimed").participant.number == 1
    assert visitor.get(visitor.home).on_trial


def test_a_break_comes_after_so_many_answers_and_is_taken_once(visitor, invite):
    _, join = invite(items=6, break_every=2)
    visitor.start(join).answer(0).answer(0)
    assert visitor.path.endswith("/break/")
    assert "2 of 6 answers" in visitor.text
    assert visitor.get(visitor.home + "trial/").path.endswith("/break/")
    visitor.press()
    assert visitor.on_trial
    assert visitor.get(visitor.home).on_trial
    visitor.answer(0).answer(0)
    assert visitor.path.endswith("/break/")
    visitor.press().answer(0).answer(0)
    assert visitor.path.endswith("/thanks/")


def test_an_answer_sent_by_script_says_that_it_is_time_for_a_break(visitor, invite):
    _, join = invite(items=6, break_every=1)
    visitor.start(join)
    operation = {"id": "3f0e8f3e-7e5e-4c53-8f43-111111111111", "kind": "answer", "position": 1, "value": 0}
    reply = visitor.client.post(
        visitor.home + "answers/", {"operations": [operation]}, content_type="application/json"
    ).json()
    assert (reply["elsewhere"], reply["break_every"]) == (True, 1)
