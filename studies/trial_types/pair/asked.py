"""What the protocol of a pair says: two to forty arms, and the words of “no difference”, or that there is no such answer."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_noop as _

from studies.analysis.answers import SAME_NAME
from studies.analysis.paired.answers import MOST_ARMS

from ..base import Asked, OptionReader
from ..questions import EMBARGO, HAS_LEFT
from .kinds import Kind, Options

INSTRUCTIONS = _("""A computer program can name what is in a photo. For every photo we show you two maps. Each map is one possible \
answer to the question which parts of the photo mattered for that.

{picture}

For each photo, choose the map that better matches what is named beside the photo. There is no right or wrong answer: we \
want to know what you see.

If you see no difference between the two maps, choose “{same}”.""")


class PairAsked(Asked):
    """Many methods on one network, of which people compare two at a time."""

    offer = "Which of many methods? One network, up to 40 methods, two at a time: people pick the better map of the two, or “same”."
    fewest_arms, most_arms = 2, MOST_ARMS
    how_many = "Two to forty, of which each trial shows two; the more there are, the more answers it takes to tell them apart."
    compares_networks = False
    declares_contrasts = True
    largest_effect = 1.0
    smallest_in_words = "difference of preferences between two arms that matters (share that prefers the first − share that prefers the second)"
    question = _("Which map better matches the {class}?")
    instructions = INSTRUCTIONS
    own_wording = {"same": _("I see no difference")}
    may_be_empty = frozenset({"same"})
    options_when_said = True
    names_arms = (HAS_LEFT, EMBARGO)

    def __init__(self, options: Options | None = None) -> None:
        said = options or Options()
        self.hidden, self.public = said.embargo, said.public

    def options(self, table: OptionReader | None) -> dict[str, Any]:
        if table is None:
            return Options().as_said()
        kind = table.one_of("kind", list(map(str, Kind)), default=str(Kind.BALANCED))
        said = Options(
            Kind(kind) if kind in list(Kind) else Kind.BALANCED,
            table.flag("public"),
            tuple(table.texts(HAS_LEFT)),
            tuple(table.texts(EMBARGO)),
        )
        return said.as_said()

    def option_fields(self) -> dict[str, forms.Field]:
        return {
            "kind": forms.ChoiceField(
                required=False,
                label="How pairs are chosen",
                choices=[
                    (str(Kind.BALANCED), "Balanced: every pair equally often"),
                    (
                        str(Kind.ADAPTIVE),
                        "In rounds: after the first, the pairs that are expected to tell most",
                    ),
                    (
                        str(Kind.ARENA),
                        "A living comparison: rounds without an end, to which arms may be added",
                    ),
                ],
            ),
            "public": forms.BooleanField(
                required=False,
                label="A public page",
                help_text="Of a living comparison: whoever has its address sees ranks and intervals while it runs.",
            ),
        }

    def button_names(self, wording: Mapping[str, Any]) -> dict[str, str]:
        return {"same": wording.get("same", "")}

    def answers_offered(self, wording: Mapping[str, Any], shown: int) -> str:
        same = wording.get("same", SAME_NAME)
        return f"{shown} maps to choose from" + (f" and the answer “{same}”" if same else "")

    def fields(self) -> dict[str, forms.Field]:
        return {
            "same": forms.CharField(
                required=False,
                label="The answer for “no difference”",
                help_text="Leave empty to offer no such answer: then people choose one of the two. The instructions leave out "
                "the paragraph that names it.",
            )
        }
