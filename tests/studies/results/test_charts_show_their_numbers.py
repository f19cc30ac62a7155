"""Charts and figures say what the tables say: lengths, places, marks and whiskers, worked out by hand."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from explain.models import Evaluation
from studies.analysis.association import Correlation
from studies.analysis.contrasts import Judged
from studies.core import svg
from studies.monitoring.progress import StudyProgress
from studies.results import charts
from studies.results.interim_analysis import InterimAnalysis, InterimLook
from studies.results.metric_agreement import FIGURES, HumansBeside, Point
from studies.results.summary import summary_of
from studies.trial_types.results import verdict
from tests.factories import make_study
from tests.studies.filled import fill

SVG = "{http://www.w3.org/2000/svg}"


def read(chart):
    """The elements of a chart by tag, each as its attributes and text."""
    elements = {}
    for element in ET.fromstring(str(chart)).iter():
        elements.setdefault(element.tag.removeprefix(SVG), []).append((dict(element.attrib), element.text))
    return elements


def numbers(rows, name, of="class", where=""):
    return [float(row[name].rstrip("%")) for row, _ in rows if where in row.get(of, "")]


@pytest.mark.django_db
def test_bars_are_as_long_as_their_scores_with_whiskers_at_their_intervals():
    study = make_study("bars", items=5)
    fill(study, [[0, 0, 0, 1, -1], [0, 0, 1, 2, -1], [0, 1, 0, -1, -1]])
    summary = summary_of(study)
    shown = read(charts.main_chart(summary))
    limit = summary.outcome.limit()
    ends = [score.interval for score in [*summary.outcome.ranked, summary.outcome.same]]
    assert limit == pytest.approx(np.ceil(max(high for _, high in ends) / 5 * 10) / 10 * 5)
    scores = [score.score for score in [*summary.outcome.ranked, summary.outcome.same]]
    bars = [row for row, _ in shown["rect"] if row["class"] != "track"]
    assert [float(row["width"][:-1]) for row in bars] == pytest.approx(
        [100 * score / limit for score in scores], abs=2e-3
    )
    assert [row["class"] for row in bars][-1] == "bar-same"
    lines = shown["line"]
    for edge, end in (("x1", 0), ("x2", 1)):
        expected = [100 * interval[end] / limit for interval in ends]
        assert numbers(lines, edge, where="halo") == pytest.approx(expected, abs=2e-3)
    assert numbers(lines, "x1", where="even") == pytest.approx(
        [100 * (5 - summary.outcome.same.score) / 3 / limit], abs=2e-3
    )
    assert summary.headline in shown["desc"][0][1]


@pytest.mark.django_db
def test_a_mean_rating_stands_at_its_place_with_the_first_arm_to_the_right():
    study = make_study("scale", task="rating", methods=("m",), networks=("left", "right"), items=2)
    fill(study, [[2, 1], [1, 0]])
    shown = read(charts.main_chart(summary_of(study)))
    # each of the three means is 1, on a scale from −2 to +2 with 4 % of air on both sides
    assert numbers(shown["circle"], "cx", where="bar-1") == [73.0] * 3
    assert numbers(shown["line"], "x1", where="even") == [50.0]
    texts = [text for _, text in shown["text"]]
    assert "← right" in texts
    assert "left →" in texts
    assert [text for text in texts if text in ("−2", "−1", "0", "+1", "+2")] == ["−2", "−1", "0", "+1", "+2"]


def test_counts_are_as_high_as_they_are_many():
    shown = read(svg.counts("Places", {"A": 4, "B": 1, "C": 0}))
    assert numbers(shown["rect"], "height") == [96, 24, 0]
    assert numbers(shown["rect"], "y") == [22, 94, 118]
    assert [text for row, text in shown["text"] if "strong" in row["class"]] == ["4", "1", "0"]
    assert shown["desc"][0][1] == "A: 4, B: 1, C: 0"
    assert numbers(read(svg.counts("Nothing", {"A": 0}))["rect"], "height") == [0]


def test_trials_are_shown_as_parts_of_those_that_are_needed():
    progress = StudyProgress(answered=2, claimed=1, open=5, void=9)
    shown = read(charts.trial_states(progress))
    assert numbers(shown["rect"], "width") == [25, 12.5, 62.5]
    assert numbers(shown["rect"], "x") == [0, 25, 37.5]


@pytest.mark.parametrize(
    ("limit", "steps"),
    [(5, [0, 1, 2, 3, 4, 5]), (1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (250, [0, 50, 100, 150, 200, 250]), (7, [0, 2, 4, 6]), (120, [0, 50, 100])],
)  # fmt: skip
def test_an_axis_has_round_numbers_up_to_its_end(limit, steps):
    assert svg.round_steps(limit) == pytest.approx(steps)


def test_an_axis_between_two_figures_stays_between_them():
    assert svg.round_steps_between(0.13, 0.91) == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert svg.round_steps_between(-3, 7) == pytest.approx([-2, 0, 2, 4, 6])
    assert svg.round_steps_between(4, 4) == [4]


def beside(points, **fields):
    usual = {"study": "s", "who": "real", "simulated": False, "figure": "f", "title": "F", "protocol": "paper",
             "higher_is_better": True, "arms": ("a", "b"), "items": 2, "items_without": 0}  # fmt: skip
    return HumansBeside(**{**usual, **fields}, points=tuple(points))


def test_correlations_stand_between_minus_one_and_one():
    figures = [
        beside([], title="Good", within=Correlation(0.5, (0.0, 1.0), 9)),
        beside([], title="None", within=Correlation(None, None, 0)),
        beside([], title="Bad", within=Correlation(-1.0, None, 9)),
    ]
    shown = read(charts.correlations(figures))
    assert numbers(shown["circle"], "cx", where="bar-1") == [73, 4]
    assert numbers(shown["line"], "x1", where="halo") == [50]
    assert numbers(shown["line"], "x2", where="halo") == [96]
    assert shown["desc"][0][1].startswith("Good: +0.50; Bad: −1.00.")
    assert charts.correlations(figures[1:2]) == ""


def test_points_are_crowded_where_most_of_them_share_a_place_or_they_are_many():
    apart = [Point(item, 0, item, 0.1) for item in range(10)]
    assert not charts.is_crowded(beside(apart))
    assert not charts.is_crowded(beside([*apart[:5], *apart[:5]]))
    assert charts.is_crowded(beside([*apart[:5], *apart[:5], apart[0]]))
    assert not charts.is_crowded(beside([Point(item, 0, item, 0) for item in range(200)]))
    assert charts.is_crowded(beside([Point(item, 0, item, 0) for item in range(201)]))
    shown = read(charts.scatter(beside([Point(0, 0, 0.0, 0.0), Point(0, 1, 10.0, 1.0)])))
    assert numbers(shown["circle"], "cx", where="dot") == [14, 95]
    bottom, top = numbers(shown["circle"], "cy", where="dot")
    assert (bottom, top) == (198, 22)
    assert [re.search(r"bar-\d", row["class"])[0] for row, _ in shown["circle"]] == ["bar-1", "bar-2"]


def figure_of(name, **fields):
    row = Evaluation(
        **{"confidence": 0.8, "activation": 4.0, "confidence_left": 0.6, "activation_left": 1.0, **fields}
    )
    return FIGURES[name].of(row)


def test_a_figure_of_a_map_is_what_its_name_says_or_none():
    assert figure_of("average-drop") == pytest.approx(25)
    assert figure_of("activation-drop") == pytest.approx(75)
    assert figure_of("average-drop", confidence_left=0.9) == 0
    assert [figure_of("increase", confidence_left=left) for left in (0.7, 0.8, 0.9)] == [0, 0, 1]
    for name in ("average-drop", "increase"):
        assert figure_of(name, confidence_left=None) is None
        assert figure_of(name, confidence=0.0) is None
    for name, column in {
        "insertion": "insertion",
        "deletion": "deletion",
        "iou": "iou_30",
        "pointing": "pointing",
        "energy": "energy",
    }.items():
        assert figure_of(name, **{column: 0.25}) == 0.25
        assert figure_of(name) is None
    worse = {figure.name for figure in FIGURES.values() if not figure.higher_is_better}
    assert worse == {"average-drop", "activation-drop", "deletion"}
    assert {figure.name for figure in FIGURES.values() if figure.protocol == "curves"} == {
        "insertion",
        "deletion",
    }


@pytest.mark.parametrize(("p", "found"), [(0.01, True), (0.05, True), (0.051, False), (None, False)])
def test_a_look_finds_a_difference_where_p_is_small_enough(p, found):
    judged = verdict("a − b", Judged(1.0, (0.1, 2.0), p, 5.0), 0.95, "items")
    assert judged.found is found
    assert (judged.interval, judged.estimate, judged.p, judged.unit) == ((0.1, 2.0), 1.0, p, "items")


def test_the_study_may_stop_at_the_first_look_that_found_everything_it_judges():
    yes, no = (verdict("a − b", Judged(1.0, (0.5, 2.0), p, 9.0), 0.95, "items") for p in (0.001, 0.2))
    first, second, third = (
        InterimLook(1, 10, 0.99, (yes, no)),
        InterimLook(2, 20, 0.98, (yes, yes)),
        InterimLook(3, 30, 0.95),
    )
    looks = InterimAnalysis("pocock", 20, 30, (first, second, third))
    assert (looks.taken, looks.left, looks.found) == ((first, second), (third,), second)
    assert looks.notes[0].startswith("Look 2 of 3, from the first 20 answers: a − b +1.00 (98.00 % interval")
    assert "The plan lets the study stop here; one planned look is left" in looks.notes[1]
    assert len(looks.notes) == 2  # twenty answers are a planned look
    later = InterimAnalysis("pocock", 21, 30, (first, second, third))
    assert "21 answers are in, which is no planned look" in later.notes[2]
    assert InterimAnalysis("pocock", 5, 30, (InterimLook(1, 10, 0.99), third)).found is None
