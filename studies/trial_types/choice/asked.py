"""What the protocol of a choice says: two to eight arms, and the words of “the same”."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_noop as _

from studies.analysis.answers import SAME_NAME

from ..base import Asked

INSTRUCTIONS = _("""A computer has looked at some photos and named what it sees. For every photo we show you several maps of what it \
looked at.

{picture}

For each photo, choose the map that best matches the object that is named above it. If the maps look alike to you, \
choose “They look the same”. There is no right or wrong answer: we want to know what you see.""")


class ChoiceAsked(Asked):
    """Methods on one network, of which people pick the one whose map matches best."""

    offer = "Which method? One network, several methods: people pick the map that matches best, or “same”."
    fewest_arms, most_arms = 2, 8
    compares_networks = False
    declares_contrasts = True
    question = _("Which map best matches the {class}?")
    instructions = INSTRUCTIONS
    own_wording = {"same": _("They look the same")}

    def answers_offered(self, wording: Mapping[str, Any], shown: int) -> str:
        return f"{shown} maps to choose from and the answer “{wording.get('same') or SAME_NAME}”"

    def fields(self) -> dict[str, forms.Field]:
        return {"same": forms.CharField(required=False, label="The answer for “no difference”")}
