"""Choice: which of the maps is the best, or they look the same."""

from ..base import TrialType
from .answers import ChoiceAnswers
from .asked import ChoiceAsked
from .files import ChoiceFiles
from .page import ChoicePage
from .people import ChoicePeople
from .plan import ChoicePlan
from .power import ChoicePower
from .results import ChoiceResults

CHOICE = TrialType(
    name="choice",
    in_words="pick the best map or “same”",
    asked=ChoiceAsked(),
    answers=ChoiceAnswers(),
    page=ChoicePage(),
    files=ChoiceFiles(),
    people=ChoicePeople(),
    power=ChoicePower(),
    results=ChoiceResults(),
    plan=ChoicePlan(),
)
