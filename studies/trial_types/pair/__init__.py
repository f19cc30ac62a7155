"""Pair: two of the study's arms at a time, which of the two is better, or they look the same."""

from collections.abc import Mapping
from typing import Any

from ..base import TrialType
from .answers import PairAnswers
from .asked import PairAsked
from .files import PairFiles
from .layout import PairLayout
from .page import PairPage
from .people import PairPeople
from .plan import PairPlan
from .power import PairPower
from .results import PairResults


def _asking(wording: Mapping[str, Any]) -> TrialType:
    """The type as one study asks it: without “same” where its words for that are empty."""
    return PAIR if wording.get("same", True) else WITHOUT_SAME


def _of(*, same: bool) -> TrialType:
    return TrialType(
        name="pair",
        in_words="pick the better of two maps, or “same”",
        asked=PairAsked(),
        answers=PairAnswers(same=same),
        page=PairPage(),
        files=PairFiles(),
        people=PairPeople(same=same),
        power=PairPower(),
        results=PairResults(),
        plan=PairPlan(),
        layout=PairLayout(),
        asking=_asking,
    )


PAIR, WITHOUT_SAME = _of(same=True), _of(same=False)
