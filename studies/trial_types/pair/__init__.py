"""Pair: two of the study's arms at a time, which of the two is better, or they look the same."""

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

PAIR = TrialType(
    name="pair",
    in_words="pick the better of two maps, or “same”",
    asked=PairAsked(),
    answers=PairAnswers(),
    page=PairPage(),
    files=PairFiles(),
    people=PairPeople(),
    power=PairPower(),
    results=PairResults(),
    plan=PairPlan(),
    layout=PairLayout(),
)
