"""Verify: a photo, what the network says of it, and one map or none: is the network right?"""

from collections.abc import Mapping
from typing import Any

from ..base import TrialType
from ..questions import OPTIONS
from ..single.layout import SingleLayout
from .answers import VerifyAnswers
from .asked import USUAL, VerifyAsked
from .files import VerifyFiles
from .page import VerifyPage
from .people import VerifyPeople
from .plan import VerifyPlan
from .power import VerifyPower
from .results import VerifyResults


def _asking(wording: Mapping[str, Any]) -> TrialType:
    """The type as one study asks it."""
    options = wording.get(OPTIONS)
    return _of(options) if options else VERIFY


def _of(options: Mapping[str, Any]) -> TrialType:
    answers = VerifyAnswers(options["steps"])
    return TrialType(
        name="verify",
        in_words="say whether the network is right",
        asked=VerifyAsked(options),
        answers=answers,
        page=VerifyPage(answers, options["confidence"]),
        files=VerifyFiles(answers),
        people=VerifyPeople(answers),
        power=VerifyPower(),
        results=VerifyResults(answers),
        plan=VerifyPlan(),
        layout=SingleLayout(),
        asking=_asking,
    )


VERIFY = _of(USUAL)
