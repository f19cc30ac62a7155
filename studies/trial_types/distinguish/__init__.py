"""Distinguish: maps of several classes for one photo; people pick the one of the class that the network chooses, or that is right."""

from collections.abc import Mapping
from typing import Any

from ..base import TrialType
from ..questions import OPTIONS
from ..single.layout import SingleLayout
from .answers import DistinguishAnswers
from .asked import USUAL, DistinguishAsked
from .files import DistinguishFiles
from .page import DistinguishPage
from .people import DistinguishPeople
from .plan import DistinguishPlan
from .power import DistinguishPower
from .results import DistinguishResults


def _asking(wording: Mapping[str, Any]) -> TrialType:
    """The type as one study asks it."""
    options = wording.get(OPTIONS)
    return _of(options) if options else DISTINGUISH


def _of(options: Mapping[str, Any]) -> TrialType:
    answers = DistinguishAnswers(options["classes"], options["asks"])
    return TrialType(
        name="distinguish",
        in_words="pick the map of the class that the network chooses, or that is right",
        asked=DistinguishAsked(options),
        answers=answers,
        page=DistinguishPage(answers),
        files=DistinguishFiles(answers),
        people=DistinguishPeople(answers),
        power=DistinguishPower(options["classes"]),
        results=DistinguishResults(answers),
        plan=DistinguishPlan(answers),
        layout=SingleLayout(),
        asking=_asking,
    )


DISTINGUISH = _of(USUAL)
