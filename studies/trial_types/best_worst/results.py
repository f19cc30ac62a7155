"""The results of best and worst."""

from typing import ClassVar

import numpy as np

from studies.analysis.points.luce import Logit, choices_of_best_worst, fit
from studies.analysis.points.table import Points, PointScale
from studies.core.formatting import signed

from ..points.results import PointsResults
from .codes import BASE, decoded, scale_of
from .outcome import BestWorstOutcome


class BestWorstResults(PointsResults):
    """The best arm of an answer gets +1, the worst −1."""

    outcome_class = BestWorstOutcome
    unit = "(difference of best minus worst, as a share of the answers)"
    difference: ClassVar[str] = "difference of best minus worst, as a share of the answers"
    of_items = "Best minus worst"
    of_items_in_words = (
        "Of each arm the share of answers that name it best minus the share that name it worst"
    )
    methods_template = "trial_types/best_worst/report/methods.html"
    strengths_by = "Strengths by the maxdiff model"

    def scale_of(self, arms: int) -> PointScale:
        return scale_of(arms)

    def fitted(self, answers: Points) -> tuple[Logit | None, str]:
        pairs = [decoded(value) for value in answers.codes.tolist()]
        return fit(choices_of_best_worst(pairs, answers.arms), np.bincount(answers.kind).astype(float))

    def item_figure_in_words(self, figure: float) -> str:
        return signed(figure)

    def places(self, values: np.ndarray, shown: int) -> dict[str, int]:
        best = self.favoured(values)
        return {chr(ord("A") + place): int((best == place).sum()) for place in range(shown)}

    def favoured(self, values: np.ndarray) -> np.ndarray:
        return values // BASE
