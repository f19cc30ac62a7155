"""How sure people were, as results, report and files have it; and how long maps were in sight."""

from uuid import uuid4

import pytest

from studies.exports.report import report_html
from studies.models import Response
from studies.results import Reading, analyse_further, part_of
from studies.results.as_json import scores_json
from studies.results.part import AnswerSelection
from studies.simulation.volunteers import Preference, Volunteer
from studies.trials.allocation import answer_trial, claim_trials
from tests.factories import make_participant
from tests.studies.trial_types.test_is_the_network_right import made, photos  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(photos):  # noqa: F811
    return made(
        verify={"steps": 2},
        trial={"confidence": "percent", "show_ms": 200},
        design={"seed": 3, "responses_per_item": 3},
    )


def answer_all(study, sure=90):
    """Three people say “right” about everything, and are `sure` of it in percent."""
    for number in range(1, 4):
        person = make_participant(study, number)
        for trial in claim_trials(participant=person, count=10):
            told = {"shown_ms": 200.1, "frame_ms": 16.7, "looks": 1}
            if trial.position == 1:
                told |= {
                    1: {"shown_ms": 80, "cut_short": True},
                    2: {"shown_ms": 250.0},
                    3: {"looks": 2, "not_seen": True},
                }[number]
            answer_trial(
                participant=person, position=trial.position, shown_value=1, answer_id=uuid4(), confidence=sure, telemetry=told
            )  # fmt: skip


def test_calibration_where_answers_are_right_or_wrong(study):
    answer_all(study)
    shown = analyse_further(Reading(study, part_of(study)))
    right = sum(item.prediction["right"] for item in study.items.all()) / study.items.count()
    found = shown.confidence.found
    assert found.right.estimate == pytest.approx(right)
    assert found.over.estimate == pytest.approx(0.9 - right)
    assert found.brier.estimate == pytest.approx(right * 0.01 + (1 - right) * 0.81)
    data = scores_json(study, AnswerSelection("real"))
    assert data["confidence"]["over"]["estimate"] == found.over.estimate
    assert set(data["confidence"]["by_arm"]) == {arm.name for arm in study.arms.all()}
    assert data["confidence"]["question"].startswith("How likely is it that your answer is right")
    report = report_html(study, "real")
    for words in (
        "How sure were people?",
        "Brier",
        "The maps are shown for 200 ms",
        "How long were the maps in sight?",
    ):
        assert words in report


def test_how_long_maps_were_in_sight_is_said_without_what_was_cut_short(study):
    answer_all(study)
    showing = scores_json(study, AnswerSelection("real"))["showing"]
    rows = Response.objects.count()
    assert showing == {
        "asked_ms": 200, "answers": rows, "median_ms": 200.1, "least_ms": 200.1, "most_ms": 250.0, "off_by_a_frame": 1,
        "cut_short": 1, "not_seen": 1, "again": 1,
    }  # fmt: skip


def test_four_answers_say_it_themselves_and_are_read_by_the_same_rule(photos):  # noqa: F811
    study = made()
    person = make_participant(study, 1)
    for trial, step in zip(claim_trials(participant=person, count=4), (0, 1, 2, 3), strict=True):
        answer_trial(participant=person, position=trial.position, shown_value=step, answer_id=uuid4())
    found = analyse_further(Reading(study, part_of(study))).confidence.found
    assert [(bin.name, bin.answers) for bin in found.bins] == [("probably", 2), ("surely", 2)]
    assert found.brier is None


def test_simulated_people_say_it_within_the_scale_and_surer_where_they_are_right(study):
    person, trials = make_participant(study, 1), []
    trials = claim_trials(participant=person, count=10)
    said = {True: [], False: []}
    for number in range(40):
        volunteer = Volunteer(study, Preference(shares={}), [1, number])
        for trial in trials:
            sent = volunteer.sends(trial)
            is_right = (sent["value"] == "1") == trial.item.prediction["right"]
            said[is_right].append(int(sent["confidence"]))
    assert all(0 <= value <= 100 for values in said.values() for value in values)
    means = {is_right: sum(values) / len(values) for is_right, values in said.items()}
    assert 10 < means[True] - means[False] < 20
