"""However few answers there are, an interval comes to an end, or a sentence says why there is none."""

from itertools import product
from typing import get_args

import numpy as np
import pytest

from studies.analysis.inference.effects import Method
from studies.analysis.intervals import choice_intervals, rating_intervals
from studies.analysis.scores import SameAs


def tiny():
    """Every study of up to two people and two items, each answering some of them, with every answer."""
    for cells in product([None, -1, 0, 1], repeat=4):
        rows = [(at // 2, at % 2, value) for at, value in enumerate(cells) if value is not None]
        if rows:
            yield [list(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("method", get_args(Method))
def test_however_few_answers_there_are_an_interval_ends_or_a_sentence_says_why_there_is_none(method):
    for item, person, value in tiny():
        for same_as in get_args(SameAs):
            ends = choice_intervals(item, person, value, arms=2, method=method, same_as=same_as)
            assert ends.arms is None or np.isfinite(ends.arms).all(), (item, person, value, same_as)
            assert (ends.arms is not None) or ends.note
        rated = rating_intervals(item, person, value, method=method)
        assert rated.mean is None or np.isfinite(rated.mean).all(), (item, person, value)
        assert (rated.mean is not None) or rated.note
