"""The results of a rating: the mean, its tests against zero, and whether people favour a side."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np

from studies.analysis.agreement import Scale, side_bias_of
from studies.analysis.answers import RATING_LIMIT, SAME
from studies.analysis.contrasts import rating_tests_of
from studies.analysis.intervals import rating_intervals_of
from studies.analysis.resampling import Method
from studies.analysis.scores import RatingScores, rating_scores, rating_scores_of
from studies.analysis.table import UNKNOWN, Answers, Ratings
from studies.core.formatting import signed

from ..results import (
    LOOK_DRAWS,
    Compared,
    Further,
    LookVerdict,
    Results,
    largest,
    or_none,
    other_interval,
    pair,
    verdict,
)
from .outcome import Rating, RatingOutcome

if TYPE_CHECKING:
    from rest_framework.serializers import Field


class RatingResults(Results):
    """Ratings are turned so that positive means that the first arm is better."""

    scale: ClassVar[Scale] = "interval"
    place, place_verb = "side", "favoured"
    of_items = "Mean rating"
    of_items_in_words = "The mean rating, positive for the first arm"
    methods_template = "trial_types/rating/report/methods.html"

    def table(self, columns: Mapping[str, np.ndarray], arms: int) -> Ratings:
        return Ratings(**columns)

    def totals(self, items: np.ndarray, values: np.ndarray, counts: np.ndarray, arms: int) -> RatingScores:
        return rating_scores(items, values, counts=counts)

    def outcome(self, answers: Answers, compared: Compared) -> RatingOutcome:
        assert isinstance(answers, Ratings)
        if not len(answers):
            return RatingOutcome(arms=compared.arms)
        scored, bounds = rating_scores_of(answers), rating_intervals_of(answers, seed=compared.seed)
        values = range(-RATING_LIMIT, RATING_LIMIT + 1)
        rating = Rating(
            mean=float(scored.mean),
            interval=pair(bounds.mean),
            mean_of_items=float(scored.mean_of_items),
            mean_of_items_interval=pair(bounds.mean_of_items),
            counts={value: int((answers.values == value).sum()) for value in values},
        )
        notes = (bounds.note,) if bounds.note else ()
        return RatingOutcome(arms=compared.arms, items=answers.units.items, notes=notes, rating=rating)

    def further(self, answers: Answers, compared: Compared) -> Further:
        assert isinstance(answers, Ratings)
        known = answers.only(answers.shown != UNKNOWN)
        means = {
            method: rating_intervals_of(answers, seed=compared.seed, method=method).mean
            for method in get_args(Method)
        }
        return Further(
            tests=rating_tests_of(answers),
            sides=or_none(lambda: side_bias_of(known, seed=compared.seed)),
            methods=tuple(
                other_interval(method, None if ends is None else ends[None], 1)
                for method, ends in means.items()
            ),
            methods_of="the mean",
            methods_columns=("mean",),
        )

    def tests_json(self, answers: Answers, compared: Compared) -> dict[str, Any]:
        assert isinstance(answers, Ratings)
        tests = rating_tests_of(answers) if len(answers) else {}
        return {"tests": {name: asdict(found) for name, found in tests.items()}}

    def verdicts(self, answers: Answers, compared: Compared, level: float) -> tuple[LookVerdict, ...]:
        assert isinstance(answers, Ratings)
        ends = rating_intervals_of(answers, seed=compared.seed, level=level, draws=LOOK_DRAWS).mean
        by_unit = rating_tests_of(answers)
        p = largest([by_unit[f"{unit}: Wilcoxon"].p for unit in ("people", "items")])
        return (verdict("mean rating", rating_scores_of(answers).mean, ends, p, level),)

    def json_fields(self) -> dict[str, "Field"]:
        from .schema import json_fields  # here, because it needs Django's apps, and models stand on this room

        return json_fields()

    def item_columns(self, arms: tuple[str, ...]) -> list[str]:
        return ["mean"]

    def item_figures(self, answers: Answers) -> list[tuple[float, ...]]:
        assert isinstance(answers, Ratings)
        return [(mean,) for mean in rating_scores_of(answers).by_item.values()]

    def item_figure_in_words(self, figure: float) -> str:
        return signed(figure)

    def places(self, values: np.ndarray, shown: int) -> dict[str, int]:
        return {
            "left": int((values < 0).sum()),
            "neither": int((values == 0).sum()),
            "right": int((values > 0).sum()),
        }

    def favoured(self, values: np.ndarray) -> np.ndarray:
        return np.where(values == 0, SAME, values > 0)

    def places_to_favour(self, shown: int) -> int:
        return 2
