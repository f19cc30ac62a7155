"""The results of a rating: the mean, its tests against zero, and whether people favour a side."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np

from studies.analysis.agreement import Scale, side_bias_of
from studies.analysis.answers import RATING_LIMIT, SAME
from studies.analysis.contrasts import Judged, judge_mean_of, sizes_of_ratings
from studies.analysis.inference.effects import Method
from studies.analysis.inference.equivalence import ALPHA
from studies.analysis.inference.sensitivity import rating_tests_of
from studies.analysis.intervals import Per, rating_intervals_of
from studies.analysis.scores import RatingScores, rating_scores, rating_scores_of
from studies.analysis.table import UNKNOWN, Answers, Ratings
from studies.core.formatting import signed

from ..results import (
    PER_IN_WORDS,
    Compared,
    ContrastRow,
    Estimand,
    Further,
    LookVerdict,
    MainEffect,
    Results,
    or_none,
    other_interval,
    verdict,
)
from ..sentences import parted, uneven
from ..sizes import Sized
from .outcome import Rating, RatingOutcome

if TYPE_CHECKING:
    from rest_framework.serializers import Field


UNIT = "points of the scale from −2 to +2"
MEANS: dict[Per, str] = {"items": "mean_of_items", "people": "mean_of_people", "answers": "mean"}


class RatingResults(Results):
    """Ratings are turned so that positive means that the first arm is better."""

    scale: ClassVar[Scale] = "ordinal"
    scripts = Path(__file__).parent / "scripts"
    unit = "points of the scale"
    sizes_help = (
        "Chance to be preferred: the share of ratings for the first arm, and half of those without a difference; ½ is no difference. d_z: the mean in "
        "standard deviations of single answers, each of which compares the two on one photo; its interval holds what the t of the mean does not "
        "reject, so they leave zero out together."
    )
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
        bounds = rating_intervals_of(answers)
        values = range(-RATING_LIMIT, RATING_LIMIT + 1)
        rating = Rating(
            means={per: judge_mean_of(answers, per) for per in get_args(Per)},
            primary=compared.primary,
            counts={value: int((answers.values == value).sum()) for value in values},
        )
        sized = _sized(answers, compared)
        notes = [bounds.note] if bounds.note else []
        notes += [*uneven(answers), *parted(_estimands(answers, compared.primary))]
        return RatingOutcome(
            arms=compared.arms,
            items=answers.units.items,
            notes=tuple(notes),
            rating=rating,
            too_small=compared.smallest if sized.equivalent else None,
        )

    def further(self, answers: Answers, compared: Compared) -> Further:
        assert isinstance(answers, Ratings)
        known = answers.only(answers.shown != UNKNOWN)
        means = {
            method: getattr(rating_intervals_of(answers, method=method), MEANS[compared.primary])
            for method in get_args(Method)
        }
        return Further(
            tests=rating_tests_of(answers),
            sized=(_sized(answers, compared),),
            estimands=_estimands(answers, compared.primary),
            sides=or_none(lambda: side_bias_of(known)),
            methods=tuple(
                other_interval(method, None if ends is None else ends[None], 1)
                for method, ends in means.items()
            ),
            methods_of="the mean",
            methods_columns=("mean",),
        )

    def figures(self, answers: Answers, compared: Compared) -> Sequence[tuple[str, Judged]]:
        assert isinstance(answers, Ratings)
        return [
            (f"mean rating, {one.in_words}", one.lines[0][1]) for one in _estimands(answers, compared.primary)
        ]

    def contrast_rows(self, answers: Answers, compared: Compared) -> list[ContrastRow]:
        assert isinstance(answers, Ratings)
        first, second = compared.arms
        main = judge_mean_of(answers, compared.primary)
        return [ContrastRow(first, second, main, None, True, _sized(answers, compared))]

    def main_effect(self, answers: Answers, compared: Compared) -> MainEffect:
        assert isinstance(answers, Ratings)

        def of(part: Answers) -> Judged:
            assert isinstance(part, Ratings)
            return judge_mean_of(part, compared.primary)

        says = answers.values.astype(float)
        return MainEffect("mean rating", UNIT, float(RATING_LIMIT), compared.primary, says, of)

    def tests_json(self, answers: Answers, compared: Compared) -> dict[str, Any]:
        assert isinstance(answers, Ratings)
        tests = rating_tests_of(answers) if len(answers) else {}
        every = _estimands(answers, compared.primary) if len(answers) else ()
        sized = _sized(answers, compared) if len(answers) else None
        return {
            "equivalence": sized.equivalence_json() if sized else None,
            "effect_sizes": sized.sizes_json() if sized else {},
            "tests": {name: asdict(found) for name, found in tests.items()},
            "estimands": {one.per: one.as_json() for one in every},
        }

    def verdicts(self, answers: Answers, compared: Compared, level: float) -> tuple[LookVerdict, ...]:
        assert isinstance(answers, Ratings)
        found = judge_mean_of(answers, compared.primary, level=level)
        return (verdict("mean rating", found, level, UNIT, compared.smallest),)

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


def _sized(answers: Ratings, compared: Compared) -> Sized:
    """The primary mean beside the smallest that matters, and by effect sizes. It is one comparison: nothing to correct."""
    beside = judge_mean_of(answers, compared.primary, smallest=compared.smallest).equivalence
    judges = beside is not None and not compared.at_looks
    return Sized(
        "mean rating",
        sizes_of_ratings(answers, compared.primary),
        beside,
        beside.p if beside and judges else None,
        beside.p <= ALPHA if beside and judges else None,
    )


def _estimands(answers: Ratings, primary: Per) -> tuple[Estimand, ...]:
    """The mean rating by what counts once, the primary one first."""
    order: list[Per] = sorted(get_args(Per), key=lambda per: per != primary)
    return tuple(
        Estimand(per, PER_IN_WORDS[per], (("mean rating", judge_mean_of(answers, per)),)) for per in order
    )
