"""Rating: which of two maps is better, and how clearly, from −2 to 2."""

from ..base import TrialType
from .answers import RatingAnswers
from .asked import RatingAsked
from .files import RatingFiles
from .page import RatingPage
from .people import RatingPeople
from .power import RatingPower

RATING = TrialType(
    name="rating",
    asked=RatingAsked(),
    answers=RatingAnswers(),
    page=RatingPage(),
    files=RatingFiles(),
    people=RatingPeople(),
    power=RatingPower(),
)
