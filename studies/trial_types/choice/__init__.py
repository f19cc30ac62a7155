"""Choice: which of the maps is the best, or they look the same."""

from ..base import TrialType
from .answers import ChoiceAnswers
from .asked import ChoiceAsked
from .files import ChoiceFiles
from .page import ChoicePage
from .people import ChoicePeople
from .power import ChoicePower

CHOICE = TrialType(
    name="choice",
    asked=ChoiceAsked(),
    answers=ChoiceAnswers(),
    page=ChoicePage(),
    files=ChoiceFiles(),
    people=ChoicePeople(),
    power=ChoicePower(),
)
