"""Rank: the maps in an order, from the best to the worst; some may have the same place."""

from ..base import TrialType
from .answers import RankAnswers
from .asked import RankAsked
from .files import RankFiles
from .page import RankPage
from .people import RankPeople
from .plan import RankPlan
from .power import RankPower
from .results import RankResults

RANK = TrialType(
    name="rank",
    in_words="put the maps in order, ties allowed",
    asked=RankAsked(),
    answers=RankAnswers(),
    page=RankPage(),
    files=RankFiles(),
    people=RankPeople(),
    power=RankPower(),
    results=RankResults(),
    plan=RankPlan(),
)
