"""Rating: which of two maps is better, and how clearly, from −2 to 2."""

from ..base import TrialType
from .answers import RatingAnswers
from .asked import RatingAsked
from .files import RatingFiles
from .page import RatingPage
from .people import RatingPeople
from .plan import RatingPlan
from .power import RatingPower
from .results import RatingResults

RATING = TrialType(
    name="rating",
    in_words="rate two networks, −2 to +2",
    asked=RatingAsked(),
    answers=RatingAnswers(),
    page=RatingPage(),
    files=RatingFiles(),
    people=RatingPeople(),
    power=RatingPower(),
    results=RatingResults(),
    plan=RatingPlan(),
)
