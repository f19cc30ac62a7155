"""What the protocol of a rating says: exactly two arms, and the words of five answers."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_noop as _

from studies.analysis.answers import RATING_LIMIT

from ..base import Asked

INSTRUCTIONS = _("""A computer program can name what is in a photo. For every photo we show you two maps. Each map is one possible \
answer to the question which parts of the photo mattered for that.

{picture}

For each photo, say which of the two maps better shows what is named beside the photo, and how much better. If you see \
no difference in this, choose “{middle}”. There is no right or wrong answer: we want to know what you see.""")


class RatingAsked(Asked):
    """Two networks by one method, of which people say whose map is better, and how clearly."""

    offer = "Which network? Two networks, one method: people rate whose map is better, from −2 to +2."
    fewest_arms = most_arms = 2
    compares_networks = True
    declares_contrasts = False
    declares_primary = True
    largest_effect = float(RATING_LIMIT)
    smallest_in_words = "mean rating that matters, in points of the scale"
    direction = "positive ratings are for the first"
    question = _("Which map shows the {class} better?")
    instructions = INSTRUCTIONS
    own_wording = {
        "labels": [
            _("A is much better"),
            _("A is slightly better"),
            _("No difference"),
            _("B is slightly better"),
            _("B is much better"),
        ]
    }

    def button_names(self, wording: Mapping[str, Any]) -> dict[str, str]:
        labels = wording.get("labels") or [""]
        return {"middle": labels[len(labels) // 2]}

    def answers_offered(self, wording: Mapping[str, Any], shown: int) -> str:
        labels = ", ".join(f"“{label}”" for label in wording.get("labels") or ())
        return f"the answers {labels}" if labels else ""

    def fields(self) -> dict[str, forms.Field]:
        return {
            "labels": forms.CharField(
                required=False,
                label="The five answers",
                widget=forms.Textarea(attrs={"rows": 5}),
                help_text="One per line, from “A is much better” on the left to “B is much better” on the right.",
            )
        }
