"""Rules fixed beforehand decide whose answers count; the flow says how many and why."""

import numpy as np
import pytest

from studies.analysis.answers import AnswersError
from studies.analysis.exclusions import Rules, exclude

PEOPLE = np.repeat(["ann", "bob", "cy", "dee"], 4)
TIMES = [900, 800, 100, 850, 200, 300, 250, 9000, 700, 900, 800, 700, np.nan, np.nan, np.nan, np.nan]
POSITIONS = [0, 1, 2, -1, 0, 1, 2, 0, 1, 1, 1, -1, -1, -1, -1, -1]


def test_without_rules_everybody_stays():
    exclusions = exclude(PEOPLE, Rules())
    assert exclusions.kept.all()
    assert exclusions.reasons == {}
    assert exclusions.flow["people kept"] == exclusions.flow["people"] == 4


def test_each_rule_leaves_out_whom_it_names():
    rules = Rules(missed_checks=2, failed_practice=True, median_ms=500, position_share=0.9)
    exclusions = exclude(
        PEOPLE,
        rules,
        response_ms=TIMES,
        positions=POSITIONS,
        shown=3,
        missed_checks={"bob": 3, "ann": 1},
        failed_practice={"dee": True},
    )
    assert exclusions.reasons == {
        "bob": ["missed attention checks", "answered too fast"],
        "cy": ["kept to one position"],
        "dee": ["failed the practice"],
    }
    assert exclusions.kept.tolist() == [True] * 4 + [False] * 12
    assert exclusions.flow == {
        "people": 4,
        "answers": 16,
        "failed the practice": 1,
        "missed attention checks": 1,
        "answered too fast": 0,  # bob is counted once, under his first reason
        "kept to one position": 1,
        "people kept": 1,
        "answers kept": 4,
    }


def test_each_rule_begins_exactly_where_it_says():
    """Missed so many or more; a median below; a place in more than the share."""
    people = np.repeat(["ann", "bob"], 4)
    checks = exclude(people, Rules(missed_checks=1), missed_checks={"ann": 1})  # bob missed none, or met none
    assert list(checks.reasons) == ["ann"]
    assert exclude(people, Rules(missed_checks=2), missed_checks={"ann": 1, "bob": 2}).reasons.keys() == {
        "bob"
    }
    times = [400, 300, 500, 9000, 400, 300, 499.9, 499.9]
    assert exclude(people, Rules(median_ms=450), response_ms=times).reasons.keys() == {
        "bob"
    }  # 450 and 449.95
    assert exclude(people, Rules(median_ms=0.5), response_ms=times).reasons == {}
    places = [0, 0, 0, 1, 0, 0, 0, -1]
    assert exclude(people, Rules(position_share=0.75), positions=places, shown=2).reasons == {
        "bob": ["kept to one position"]
    }
    failed = exclude(people, Rules(failed_practice=True), failed_practice={"ann": False, "bob": True})
    assert failed.kept.tolist() == [True] * 4 + [False] * 4
    for rule in (
        {"position_share": 0.0},
        {"position_share": 1.0},
        {"median_ms": -1.0},
        {"missed_checks": -1},
    ):
        with pytest.raises(AnswersError):
            Rules(**rule)


def test_who_was_not_timed_is_not_too_fast():
    exclusions = exclude(PEOPLE, Rules(median_ms=500), response_ms=TIMES)
    assert list(exclusions.reasons) == ["bob"]


def test_a_rule_without_its_column_is_an_error():
    with pytest.raises(AnswersError, match="response_ms: a rule needs it"):
        exclude(PEOPLE, Rules(median_ms=500))
    with pytest.raises(AnswersError, match="missed_checks: a rule needs it"):
        exclude(PEOPLE, Rules(missed_checks=2))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"missed_checks": 0}, "leave everybody out"),
        ({"median_ms": 0}, "is no time"),
        ({"position_share": 90}, "not between 0 and 1"),
    ],
)
def test_an_impossible_rule_is_refused(rule, message):
    with pytest.raises(AnswersError, match=message):
        Rules(**rule)
