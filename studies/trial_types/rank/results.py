"""The results of rankings."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from studies.analysis.answers import SAME
from studies.analysis.points.judge import judge_shares
from studies.analysis.points.luce import Logit, choices_of_rankings, fit
from studies.analysis.points.table import Points, PointScale
from studies.analysis.table import Answers

from ..points.results import PointsResults
from ..results import Compared
from .codes import decoded, digits_of, scale_of
from .outcome import RankOutcome

if TYPE_CHECKING:
    from rest_framework.serializers import Field


class RankResults(PointsResults):
    """An answer gives an arm as many points as it stands before others, and half of those beside it: the number of arms less its rank."""

    outcome_class = RankOutcome
    unit = "places (difference of mean ranks)"
    difference: ClassVar[str] = "places (difference of mean ranks)"
    place_verb = "put first"
    of_items = "Mean ranks"
    of_items_in_words = "The mean rank of each arm, 1 for the best"
    methods_template = "trial_types/rank/report/methods.html"
    strengths_by = "Plackett–Luce strengths, with ties"

    def scale_of(self, arms: int) -> PointScale:
        return scale_of(arms)

    def fitted(self, answers: Points) -> tuple[Logit | None, str]:
        rankings = [decoded(value) for value in answers.codes.tolist()]
        return fit(choices_of_rankings(rankings, answers.arms), np.bincount(answers.kind).astype(float))

    def outcome(self, answers: Answers, compared: Compared) -> RankOutcome:
        found = super().outcome(answers, compared)
        assert isinstance(answers, Points)
        assert isinstance(found, RankOutcome)
        if not len(answers):
            return found
        tied = (np.diff(np.sort(answers.points)) == 0).any(axis=1)
        return replace(found, ties=judge_shares(answers, tied[:, None].astype(float))[0].estimate)

    def json_fields(self) -> dict[str, "Field"]:
        from rest_framework import serializers

        text = "share of the answers in which any arms tie; null without answers"
        return super().json_fields() | {"ties": serializers.FloatField(allow_null=True, help_text=text)}

    def item_figure_in_words(self, figure: float) -> str:
        return f"{figure:.2f}"

    def places(self, values: np.ndarray, shown: int) -> dict[str, int]:
        first = self.favoured(values)
        counts = {chr(ord("A") + place): int((first == place).sum()) for place in range(shown)}
        return counts | {"tied": int((first == SAME).sum())}

    def favoured(self, values: np.ndarray) -> np.ndarray:
        """The place that stands first alone."""
        first = digits_of(values) == 1
        return np.where(first.sum(axis=1) == 1, first.argmax(axis=1), SAME)
