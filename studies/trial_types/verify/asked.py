"""What the protocol of verify says: its arms, and `[verify]`: two answers or four, and whether the network’s confidence is shown."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_noop as _

from explain.map_sources import NO_EXPLANATION, PLACEBO

from ..base import Asked, OptionReader

INSTRUCTIONS = _("""A computer program names what is in a photo. Sometimes it is right, sometimes it is wrong. Beside each photo we show \
you a second picture. It may be a map:

{picture}

Or it may be the photo once more, without a map.

For each photo, look at it and at the second picture, read what the program says, and tell us whether it is right.""")

STEPS = (4, 2)
USUAL: Mapping[str, Any] = {"steps": STEPS[0], "confidence": False}
LABELS = {2: "two_answers", 4: "four_answers"}


class VerifyAsked(Asked):
    """Arms of one network, no explanation among them, of which people say whether the network is right."""

    offer = (
        "Do explanations help people to see when the network is wrong? One photo, what the network says, and one map or none: "
        "people say whether it is right."
    )
    fewest_arms, most_arms = 1, 8
    compares_networks = False
    declares_contrasts = True
    largest_effect = 1.0
    smallest_in_words = "difference of accuracy that matters, as a share"
    question = _("The program says: {class}. Is it right?")
    instructions = INSTRUCTIONS
    network_speaks = True
    first_arms = (PLACEBO, NO_EXPLANATION)
    own_wording = {
        "two_answers": [_("It is wrong"), _("It is right")],
        "four_answers": [_("Surely wrong"), _("Probably wrong"), _("Probably right"), _("Surely right")],
    }

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options

    def options(self, table: OptionReader | None) -> dict[str, Any]:
        if table is None:
            return dict(USUAL)
        return {
            "steps": table.one_of("steps", STEPS, default=USUAL["steps"]),
            "confidence": table.flag("confidence", USUAL["confidence"]),
        }

    def option_fields(self) -> dict[str, forms.Field]:
        return {
            "steps": forms.TypedChoiceField(
                coerce=int,
                label="How many answers",
                choices=[(4, "Four, from surely wrong to surely right"), (2, "Two: wrong or right")],
                help_text="Four say how sure people are, too.",
            ),
            "confidence": forms.BooleanField(
                required=False,
                label="Show how sure the network is",
                help_text="Its probability for what it says, as a whole per cent.",
            ),
        }

    def answers_offered(self, wording: Mapping[str, Any], shown: int) -> str:
        labels = ", ".join(f"“{label}”" for label in wording.get(LABELS[self._options["steps"]]) or ())
        return f"one map or none, and the answers {labels}" if labels else ""

    def fields(self) -> dict[str, forms.Field]:
        return {
            LABELS[steps]: forms.CharField(
                required=False,
                label=f"The {number} answers",
                widget=forms.Textarea(attrs={"rows": steps}),
                help_text=f"One per line, from wrong on the left to right. Asked where [verify] steps = {steps}.",
            )
            for steps, number in ((2, "two"), (4, "four"))
        }
