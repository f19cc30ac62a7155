"""What the protocol of best and worst says: two to six arms, and what the two answers are called."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_noop as _

from ..base import Asked

INSTRUCTIONS = _("""A computer program can name what is in a photo. For every photo we show you several maps. Each map is one possible \
answer to the question which parts of the photo mattered for that.

{picture}

For each photo, pick two maps: the one that best matches what is named beside the photo (“{best}”), and the one that matches it least \
(“{worst}”). You can change both until you send them. There is no right or wrong answer: we want to know what you see.""")


class BestWorstAsked(Asked):
    """Methods on one network, of which people pick the one whose map matches best and the one whose map matches worst."""

    offer = (
        "Which method, with fewer answers? One network, several methods: people pick the best and the worst map of each photo, which "
        "tells more of every arm than the best alone."
    )
    fewest_arms, most_arms = 2, 6
    compares_networks = False
    declares_contrasts = True
    largest_effect = 2.0
    smallest_in_words = "difference of two arms that matters, each best minus worst as a share of the answers"
    question = _("Which map best matches the {class}, and which one worst?")
    instructions = INSTRUCTIONS
    own_wording = {"best": _("Best"), "worst": _("Worst")}

    def button_names(self, wording: Mapping[str, Any]) -> dict[str, str]:
        return {name: wording.get(name, "") for name in self.own_wording}

    def answers_offered(self, wording: Mapping[str, Any], shown: int) -> str:
        best, worst = (wording.get(name) or name.capitalize() for name in self.own_wording)
        return f"one of {shown} maps to name as “{best}” and another as “{worst}”"

    def fields(self) -> dict[str, forms.Field]:
        return {
            "best": forms.CharField(required=False, label="What the best map is called"),
            "worst": forms.CharField(required=False, label="What the worst map is called"),
        }
