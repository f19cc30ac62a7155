"""What the protocol of a choice says: two to eight arms, and the words of “no difference”."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_noop as _

from studies.analysis.answers import SAME_NAME

from ..base import Asked

INSTRUCTIONS = _("""A computer program can name what is in a photo. For every photo we show you several maps. Each map is one possible \
answer to the question which parts of the photo mattered for that.

{picture}

For each photo, choose the map that best matches what is named beside the photo. If you see no difference between the \
maps, choose “{same}”. There is no right or wrong answer: we want to know what you see.""")


class ChoiceAsked(Asked):
    """Methods on one network, of which people pick the one whose map matches best."""

    offer = "Which method? One network, several methods: people pick the map that matches best, or “same”."
    fewest_arms, most_arms = 2, 8
    how_many = "Two to eight; with more than four the pictures become small on a phone."
    compares_networks = False
    declares_contrasts = True
    largest_effect = 1.0
    smallest_in_words = "difference of two arms’ shares that matters"
    question = _("Which map best matches the {class}?")
    instructions = INSTRUCTIONS
    own_wording = {"same": _("I see no difference")}

    def button_names(self, wording: Mapping[str, Any]) -> dict[str, str]:
        return {"same": wording.get("same", "")}

    def answers_offered(self, wording: Mapping[str, Any], shown: int) -> str:
        return f"{shown} maps to choose from and the answer “{wording.get('same') or SAME_NAME}”"

    def fields(self) -> dict[str, forms.Field]:
        return {"same": forms.CharField(required=False, label="The answer for “no difference”")}
