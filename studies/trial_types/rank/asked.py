"""What the protocol of a ranking says: two to five arms, and what the two ends are called."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_noop as _

from ..base import Asked
from .codes import MOST

INSTRUCTIONS = _("""A computer program can name what is in a photo. For every photo we show you several maps. Each map is one possible \
answer to the question which parts of the photo mattered for that.

{picture}

For each photo, put the maps in order, from the one that best matches what is named beside the photo (“{best}”) to the one that \
matches it least (“{worst}”). Maps that match it equally well may have the same place. You can change the order until you send it. \
There is no right or wrong answer: we want to know what you see.""")


class RankAsked(Asked):
    """Methods on one network, whose maps people put in order."""

    offer = (
        "Which method, and in which order? One network, several methods: people put the maps of each photo in order, from best to worst, "
        "and may give some the same place."
    )
    fewest_arms, most_arms = 2, MOST
    compares_networks = False
    declares_contrasts = True
    largest_effect = 1.0
    smallest_in_words = "difference of two arms’ mean ranks that matters, in places"
    question = _("In which order do the maps match the {class}, the best first?")
    instructions = INSTRUCTIONS
    own_wording = {"best": _("Best"), "worst": _("Worst")}

    def button_names(self, wording: Mapping[str, Any]) -> dict[str, str]:
        return {name: wording.get(name, "") for name in self.own_wording}

    def answers_offered(self, wording: Mapping[str, Any], shown: int) -> str:
        best, worst = (wording.get(name) or name.capitalize() for name in self.own_wording)
        return f"{shown} maps to put in order from “{best}” to “{worst}”, ties allowed"

    def fields(self) -> dict[str, forms.Field]:
        return {
            "best": forms.CharField(required=False, label="What the first place is called"),
            "worst": forms.CharField(required=False, label="What the last place is called"),
        }
