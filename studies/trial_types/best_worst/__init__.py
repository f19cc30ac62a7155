"""Best and worst: which of the maps is the best, and which the worst (maxdiff)."""

from ..base import TrialType
from .answers import BestWorstAnswers
from .asked import BestWorstAsked
from .files import BestWorstFiles
from .page import BestWorstPage
from .people import BestWorstPeople
from .plan import BestWorstPlan
from .power import BestWorstPower
from .results import BestWorstResults

BEST_WORST = TrialType(
    name="best-worst",
    in_words="pick the best and the worst map",
    asked=BestWorstAsked(),
    answers=BestWorstAnswers(),
    page=BestWorstPage(),
    files=BestWorstFiles(),
    people=BestWorstPeople(),
    power=BestWorstPower(),
    results=BestWorstResults(),
    plan=BestWorstPlan(),
)
