"""Whether a figure of the maps goes with what people chose: by hand, per map that was shown, never NaN."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from explain.evaluation.protocols import PROTOCOLS, evaluation_hash
from explain.models import Evaluation, ExplanationMap
from studies.analysis.answers import AnswersError
from studies.analysis.association import FLAT, NO_ITEMS, association
from studies.models import ItemMap
from studies.results.metric_agreement import FIGURES, all_figures, humans_beside, maps_to_measure
from tests import by_sql
from tests.factories import make_study
from tests.studies.filled import fill

# Two people, three items, three arms. Shares: (½, ½, 0), (1, 0, 0), (0, ½, 0) with ½ “same”.
ANSWERS = [[0, 0, 1], [1, 0, -1]]
# O where Y = 1: drops of 10, 20, 30; 30, 20, 10; 50, 50, 50 per cent.
LEFT = [[0.9, 0.8, 0.7], [0.7, 0.8, 0.9], [0.5, 0.5, 0.5]]


def evaluate(study, left, protocol="paper", **fields):
    """A stored row for the map of each arm on each item, with O as given."""
    for item_map in ItemMap.objects.filter(item__study=study).select_related("item__image", "arm", "map"):
        map_row = item_map.map
        Evaluation.objects.create(
            image=map_row.image,
            network=map_row.network,
            layer=map_row.layer,
            method=map_row.method,
            target=map_row.target,
            protocol=protocol,
            parameters_hash=evaluation_hash(
                map_row.parameters_hash, PROTOCOLS[protocol], map_row.image.boxes
            ),
            confidence=1.0,
            activation=10.0,
            confidence_left=left[item_map.item.index][item_map.arm.index],
            activation_left=5.0,
            **fields,
        )


@pytest.fixture
def study(db):
    return make_study("which", items=3)


def test_correlations_are_those_worked_out_by_hand(study):
    """Within, with less drop as better: item 0 (½, ½, 0) with (3, 2, 1) is √3/2; item 1 (1, 0, 0) with (1, 2, 3) is −√3/2; item
    2 has no order. Their mean is 0. Across: scipy on the nine pairs."""
    fill(study, ANSWERS)
    evaluate(study, LEFT)
    comparison = humans_beside(study=study, figure="average-drop", draws=200)
    assert comparison.within.value == pytest.approx(0, abs=1e-12)
    assert comparison.within.n == 2
    shares = [0.5, 0.5, 0, 1, 0, 0, 0, 0.5, 0]
    drops = [10, 20, 30, 30, 20, 10, 50, 50, 50]
    assert comparison.across.value == pytest.approx(spearmanr(shares, [-drop for drop in drops]).statistic)
    assert comparison.across.n == 9
    assert [(point.item, point.arm) for point in comparison.points] == [
        (i, a) for i in range(3) for a in range(3)
    ]
    assert [point.y for point in comparison.points] == pytest.approx(shares)
    assert [point.x for point in comparison.points] == pytest.approx(drops)
    assert (comparison.items, comparison.items_without, comparison.note) == (3, 0, "")


def test_one_item_by_hand_in_the_library():
    result = association([7, 7], [1, 2], [0, 1], {7: [3, 2, 1]}, arms=3, draws=200)
    assert result.within.value == pytest.approx(np.sqrt(3) / 2)
    assert result.within.interval is None
    assert "only one item" in result.within.note


def test_people_who_follow_the_figure_give_one_and_those_who_go_against_it_minus_one(study):
    fill(study, [[0, 2, 1], [0, 2, 1]])
    best = [[0.9, 0.1, 0.1], [0.1, 0.1, 0.9], [0.1, 0.9, 0.1]]
    evaluate(study, best)
    comparison = humans_beside(study=study, figure="average-drop", draws=200)
    assert comparison.within.value == comparison.across.value == 1
    assert comparison.higher_is_better is False
    Evaluation.objects.all().delete()
    evaluate(study, [[1 - value for value in row] for row in best])
    assert humans_beside(study=study, figure="average-drop", draws=200).within.value == -1


def test_the_interval_covers_a_strong_relation_and_is_the_same_each_time():
    rng = np.random.default_rng(3)
    figures = {item: rng.permutation(3).tolist() for item in range(60)}
    items = np.repeat(np.arange(60), 8)
    people = np.tile(np.arange(8), 60)
    follows = rng.random(480) < 0.6
    choices = [
        int(np.argmax(figures[item])) if yes else int(rng.integers(3))
        for item, yes in zip(items.tolist(), follows, strict=True)
    ]
    result = association(items, people, choices, figures, 3, draws=300, seed=1)
    low, high = result.within.interval
    assert 0.3 < low < result.within.value < high <= 1
    assert result.across.interval[0] > 0.2
    order = rng.permutation(480)
    again = association(items[order], people[order], np.array(choices)[order], figures, 3, draws=300, seed=1)
    assert again.within == result.within
    other = {item: rng.permutation(3).tolist() for item in range(60)}
    unrelated = association(items, people, choices, other, 3, draws=300, seed=1).within.interval
    assert unrelated[0] < 0 < unrelated[1]


def test_only_the_evaluation_of_the_map_that_people_saw_counts(study):
    """A row of other parameters, or of another protocol, is another thing."""
    fill(study, ANSWERS)
    evaluate(study, LEFT)
    Evaluation.objects.filter(image=study.items.get(index=0).image).update(parameters_hash="f" * 64)
    comparison = humans_beside(study=study, figure="average-drop", draws=200)
    assert (comparison.items, comparison.items_without) == (2, 1)
    assert comparison.note == "1 of 3 items with answers lack the figure, and are left out."
    assert humans_beside(study=study, figure="average-drop", protocol="soft", draws=200).across is None


def test_without_rows_a_sentence_says_where_they_are_computed(study):
    fill(study, ANSWERS)
    comparison = humans_beside(study=study, figure="insertion")
    assert comparison.across is comparison.within is None
    assert comparison.items_without == 3
    assert comparison.note == (
        "Not computed yet for the maps that participants saw. The page “Human choices and map metrics” of the study has it "
        "computed."
    )
    assert comparison.not_measured == 9
    assert "needs them: it cannot be computed" in humans_beside(study=study, figure="iou").note
    assert [row.figure for row in all_figures(study=study)] == list(FIGURES)


def test_the_maps_that_lack_a_figure_are_those_that_were_shown_and_a_network_made(study):
    fill(study, ANSWERS)
    shown = [row.map for row in ItemMap.objects.order_by("item__index", "arm__index").select_related("map")]
    every = [row.pk for row in shown]
    assert maps_to_measure(study) == {"paper": every, "curves": every}
    evaluate(study, LEFT)
    assert maps_to_measure(study) == {"curves": every}
    Evaluation.objects.filter(image=shown[3].image, method=shown[3].method).update(parameters_hash="other")
    assert maps_to_measure(study) == {"paper": [every[3]], "curves": every}
    by_sql.change(ExplanationMap.objects.filter(pk=every[0]), target=None)
    assert maps_to_measure(study) == {}
    assert "made elsewhere" in humans_beside(study=study, figure="insertion").note


def test_nothing_is_measured_where_no_figure_can_be_held_against_the_answers(db):
    rated = make_study("rated", task="rating", methods=("m",), networks=("a", "b"))
    fill(rated, [[1, 2]])
    assert maps_to_measure(rated) == {}


def test_nothing_is_ever_nan_and_a_sentence_says_why(study):
    evaluate(study, LEFT, iou_30=0.5)
    assert (
        humans_beside(study=study, figure="iou").note
        == "No answers are counted yet, so there is nothing to compare."
    )
    fill(study, ANSWERS)
    flat = humans_beside(study=study, figure="iou", draws=200)
    assert (flat.across.value, flat.across.interval, flat.across.note) == (None, None, FLAT)
    assert (flat.within.value, flat.within.n, flat.within.note) == (None, 0, NO_ITEMS)


def test_all_who_say_same_leave_no_order(study):
    evaluate(study, LEFT)
    fill(study, [[-1, -1, -1], [-1, -1, -1]])
    comparison = humans_beside(study=study, figure="average-drop", draws=200)
    assert comparison.across.note == FLAT
    assert comparison.within.note == NO_ITEMS


def test_one_person_gets_no_interval_but_a_sentence(study):
    evaluate(study, LEFT)
    fill(study, [[0, 0, 1]])
    comparison = humans_beside(study=study, figure="average-drop", draws=200)
    assert comparison.across.value is not None
    assert comparison.across.interval is None
    assert "only one participant" in comparison.across.note


def test_a_rating_study_is_told_that_it_has_no_shares(db):
    study = make_study("rated", task="rating", methods=("grad-cam",), networks=("a", "b"))
    assert "A rating study gives no arm a share" in humans_beside(study=study, figure="average-drop").note


def test_simulated_answers_are_marked_and_not_mixed_in(study):
    evaluate(study, LEFT)
    fill(study, ANSWERS, simulated=True)
    comparison = humans_beside(study=study, figure="average-drop", draws=200)
    assert (comparison.who, comparison.simulated) == ("simulated", True)
    fill(study, [[2, 2, 2]])
    real = humans_beside(study=study, figure="average-drop", draws=200)
    assert (real.who, real.simulated) == ("real", False)
    assert [point.y for point in real.points] == [0, 0, 1] * 3


@pytest.mark.parametrize(
    ("figures", "complaint"),
    [
        ({9: [1, 2, 3]}, "nothing to compare"),
        ({1: [1, 2]}, "needs 3 figures"),
        ({1: [1, 2, float("nan")]}, "each a number"),
    ],
)
def test_figures_that_do_not_fit_are_an_error(figures, complaint):
    with pytest.raises(AnswersError, match=complaint):
        association([1, 1], [1, 2], [0, 1], figures, 3)
