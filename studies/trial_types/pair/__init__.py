"""Pair: two of the study's arms at a time, which of the two is better, or they look the same."""

from collections.abc import Mapping
from typing import Any

from ..base import TrialType
from .answers import PairAnswers
from .asked import PairAsked
from .files import PairFiles
from .kinds import Kind, Options, options_in
from .layout import ArenaLayout, PairLayout, RoundsLayout
from .page import PairPage
from .people import PairPeople
from .plan import PairPlan
from .power import PairPower
from .results import PairResults


def _asking(wording: Mapping[str, Any]) -> TrialType:
    """The type as one study asks it: without “same” where its words for that are empty, and as what its options make of it."""
    same, options = bool(wording.get("same", True)), options_in(wording)
    if options.kind == Kind.BALANCED:
        return PAIR if same else WITHOUT_SAME
    return _of(same=same, options=options)


def _of(*, same: bool, options: Options | None = None) -> TrialType:
    options = options or Options()
    layouts = {
        Kind.BALANCED: PairLayout,
        Kind.ADAPTIVE: RoundsLayout,
        Kind.ARENA: lambda: ArenaLayout(options.has_left),
    }
    return TrialType(
        name="pair",
        in_words="pick the better of two maps, or “same”",
        asked=PairAsked(options),
        answers=PairAnswers(same=same),
        page=PairPage(),
        files=PairFiles(),
        people=PairPeople(same=same),
        power=PairPower(),
        results=PairResults(options.kind),
        plan=PairPlan(options.kind),
        layout=layouts[options.kind](),
        asking=_asking,
    )


PAIR, WITHOUT_SAME = _of(same=True), _of(same=False)
