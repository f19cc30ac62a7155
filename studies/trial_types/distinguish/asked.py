"""What the protocol of distinguish says: its arms, and `[distinguish]`: of how many classes, and which of them is asked for."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_noop as _

from explain.map_sources import NO_EXPLANATION, PLACEBO

from ..base import Asked, OptionReader
from .answers import ASKS, LABEL, NETWORK

INSTRUCTIONS = _("""A computer program sorts photos into classes. Beside each photo we show you several pictures, each with a letter. They may \
be maps, each of another class:

{picture}

Each map shows what speaks for its class. Or all of them may be the photo once more, without a map.

For each photo, look at it and at the pictures, read the question, and pick one of the letters. If you are not sure, pick the one that you \
think most likely.""")

CLASSES = (4, 2, 3, 5, 6)
USUAL: Mapping[str, Any] = {"classes": CLASSES[0], "asks": NETWORK}
QUESTIONS = {NETWORK: "question", LABEL: "label_question"}


class DistinguishAsked(Asked):
    """Arms of one network, no explanation among them, of which people tell one class from others."""

    offer = (
        "Do maps tell classes apart? One photo and the maps of several classes without their names: people pick the one of the class "
        "that the network chooses, or that is right."
    )
    fewest_arms, most_arms = 1, 8
    compares_networks = False
    declares_contrasts = True
    largest_effect = 1.0
    smallest_in_words = "difference of accuracy that matters, as a share"
    question = _("Which picture is of the class that the program chooses?")
    instructions = INSTRUCTIONS
    network_speaks = True
    first_arms = (PLACEBO, NO_EXPLANATION)
    own_wording = {"label_question": _("Which picture is of the class that the photo really belongs to?")}

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self.panels = options["classes"]
        self.right_class = ASKS[options["asks"]]  # type: ignore[misc]

    def options(self, table: OptionReader | None) -> dict[str, Any]:
        if table is None:
            return dict(USUAL)
        return {
            "classes": table.one_of("classes", CLASSES, default=USUAL["classes"]),
            "asks": table.one_of("asks", tuple(ASKS), default=USUAL["asks"]),
        }

    def option_fields(self) -> dict[str, forms.Field]:
        return {
            "classes": forms.TypedChoiceField(
                coerce=int,
                label="Of how many classes maps are shown",
                choices=[(count, str(count)) for count in CLASSES],
                help_text="The network’s likeliest for each photo; the photo’s own is always among them.",
            ),
            "asks": forms.ChoiceField(
                label="Which of them is asked for",
                choices=[(NETWORK, "The one that the network chooses"), (LABEL, "The one that is right")],
            ),
        }

    def answers_offered(self, wording: Mapping[str, Any], shown: int) -> str:
        if not wording:
            return ""
        return f"maps of {self._options['classes']} classes side by side, and a letter for each of them"

    def fields(self) -> dict[str, forms.Field]:
        return {
            "label_question": forms.CharField(
                label="The question for the class that is right",
                help_text="Asked where [distinguish] asks = “label”; else the question above is.",
            )
        }
