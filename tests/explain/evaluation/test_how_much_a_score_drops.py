"""A drop in a score is one rule: of one stored row, of a table of them, and of what stands beside people's choices."""

import numpy as np
import pytest

from explain.cam.metrics.faithfulness import average_drop, drops
from explain.models import Evaluation
from studies.results.metric_agreement import FIGURES

# Y, O, and the drop in per cent.
DROPS = [(0.8, 0.2, 75), (0.5, 0.5, 0), (0.4, 0.7, 0), (1.0, 0.0, 100), (0.3, 0.21, 30)]


def row(whole, left, score="confidence"):
    other = {"confidence": "activation", "activation": "confidence"}[score]
    return Evaluation(**{score: whole, f"{score}_left": left, other: 9.0, f"{other}_left": 9.0})


@pytest.mark.parametrize("score", ["confidence", "activation"])
@pytest.mark.parametrize(("whole", "left", "drop"), DROPS)
def test_it_is_in_per_cent_and_never_below_zero(score, whole, left, drop):
    assert row(whole, left, score).drop(score) == pytest.approx(drop)
    assert type(row(whole, left, score).drop(score)) is float  # what JSON can hold


@pytest.mark.parametrize(("whole", "left"), [(0.8, None), (0.0, 0.5), (-1.0, 0.5)])
def test_there_is_none_without_a_masked_photo_or_a_score_above_zero(whole, left):
    assert row(whole, left).drop() is None


def test_all_who_ask_are_told_the_same(monkeypatch):
    whole, left, expected = map(np.array, zip(*DROPS, strict=True))
    assert 100 * drops(whole, left) == pytest.approx(expected)
    assert average_drop(whole, left) == pytest.approx(expected.mean())
    rows = [row(*pair) for pair in zip(whole.tolist(), left.tolist(), strict=True)]
    assert [FIGURES["average-drop"].of(each) for each in rows] == [each.drop() for each in rows]
    monkeypatch.setattr("explain.models.drops", lambda whole, left, scale: 7)
    assert FIGURES["average-drop"].of(rows[0]) == FIGURES["activation-drop"].of(rows[0]) == 7
