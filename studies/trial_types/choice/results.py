"""The results of a choice: scores, contrasts of arms, a ranking, and whether people favour a place."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np

from studies.analysis.agreement import Scale, position_bias_of
from studies.analysis.answers import SAME, SAME_NAME
from studies.analysis.contrasts import Finding, any_difference_of, compare_arms_of, swap_tests_of, turned
from studies.analysis.intervals import choice_intervals_of
from studies.analysis.ranking import Ranking, rank_arms_of
from studies.analysis.resampling import Method
from studies.analysis.scores import ChoiceScores, SameAs, choice_scores, choice_scores_of, item_shares_of
from studies.analysis.table import UNKNOWN, Answers, Choices

from ..results import (
    LOOK_DRAWS,
    Compared,
    Further,
    LookVerdict,
    OtherCount,
    Ranked,
    Results,
    Versus,
    or_none,
    other_interval,
    pair,
    verdict,
)
from .outcome import ChoiceOutcome, Score

if TYPE_CHECKING:
    from rest_framework.serializers import Field

SAME_IN_WORDS = {
    "own": "a category of its own",
    "split": "shared equally among the arms",
    "dropped": "left out",
}


class ChoiceResults(Results):
    """Each item is worth 1.00, shared among its answers."""

    scale: ClassVar[Scale] = "nominal"
    gives_shares = True
    of_items = "Shares"
    of_items_in_words = "What share of its answers each arm got"
    methods_template = "trial_types/choice/report/methods.html"

    def table(self, columns: Mapping[str, np.ndarray], arms: int) -> Choices:
        return Choices(**columns, arms=arms)

    def totals(self, items: np.ndarray, values: np.ndarray, counts: np.ndarray, arms: int) -> ChoiceScores:
        return choice_scores(items, values, arms=arms, counts=counts)

    def outcome(self, answers: Answers, compared: Compared) -> ChoiceOutcome:
        assert isinstance(answers, Choices)
        if not len(answers):
            return ChoiceOutcome(arms=compared.arms)
        scored, bounds = choice_scores_of(answers), choice_intervals_of(answers, seed=compared.seed)
        preferences = scored.share_of_preferences
        notes = [bounds.note] if bounds.note else []
        if preferences is None:
            notes.append("Nobody preferred any arm, so there are no shares of preferences.")
        return ChoiceOutcome(
            arms=compared.arms,
            items=answers.units.items,
            notes=tuple(notes),
            scores=tuple(
                Score(
                    name=name,
                    score=float(scored.arms[index]),
                    share=float(scored.share[index]),
                    share_of_preferences=None if preferences is None else float(preferences[index]),
                    interval=pair(None if bounds.arms is None else bounds.arms[index]),
                )
                for index, name in enumerate(compared.arms)
            ),
            same=Score(SAME_NAME, scored.same, scored.same_share, None, pair(bounds.same)),
        )

    def further(self, answers: Answers, compared: Compared) -> Further:
        assert isinstance(answers, Choices)
        known = answers.only(answers.shown != UNKNOWN)
        ranking = or_none(lambda: rank_arms_of(known, seed=compared.seed))
        return Further(
            contrasts=_contrasts(answers, compared),
            any_difference=any_difference_of(answers, seed=compared.seed),
            ranking=ranking,
            ranked=_ranked(ranking, compared.arms),
            positions=or_none(
                lambda: position_bias_of(known.units, known.shown, compared.shown, seed=compared.seed)
            ),
            same_as=tuple(filter(None, (_counted_as(way, answers) for way in get_args(SameAs)))),
            methods=tuple(
                other_interval(
                    method,
                    choice_intervals_of(answers, seed=compared.seed, method=method).arms,
                    len(compared.arms),
                )
                for method in get_args(Method)
            ),
            methods_of="the scores",
            methods_columns=compared.arms,
        )

    def tests_json(self, answers: Answers, compared: Compared) -> dict[str, Any]:
        assert isinstance(answers, Choices)
        if not len(answers):
            return {"contrasts": [], "any_difference": None}
        every = any_difference_of(answers, seed=compared.seed)
        return {
            "contrasts": [_contrast_json(versus) for versus in _contrasts(answers, compared)],
            "any_difference": asdict(every),
        }

    def verdicts(self, answers: Answers, compared: Compared, level: float) -> tuple[LookVerdict, ...]:
        assert isinstance(answers, Choices)
        every = choice_intervals_of(answers, seed=compared.seed, level=level, draws=LOOK_DRAWS).differences
        verdicts = []
        for a, b in compared.declared:
            tests = swap_tests_of(answers, (a, b), seed=compared.seed)
            ends = turned(every, (a, b))
            of = f"{compared.arms[a]} − {compared.arms[b]}"
            verdicts.append(verdict(of, tests.trials.statistic, ends, tests.p, level))
        return tuple(verdicts)

    def json_fields(self) -> dict[str, "Field"]:
        from .schema import json_fields  # here, because it needs Django's apps, and models stand on this room

        return json_fields()

    def item_columns(self, arms: tuple[str, ...]) -> list[str]:
        return [*arms, SAME_NAME]

    def item_figures(self, answers: Answers) -> list[tuple[float, ...]]:
        assert isinstance(answers, Choices)
        return [tuple(row) for row in item_shares_of(answers).shares.tolist()]

    def item_figure_in_words(self, figure: float) -> str:
        return f"{figure:.2f}"

    def places(self, values: np.ndarray, shown: int) -> dict[str, int]:
        counts = {chr(ord("A") + place): int((values == place).sum()) for place in range(shown)}
        return counts | {SAME_NAME: int((values == SAME).sum())}

    def favoured(self, values: np.ndarray) -> np.ndarray:
        return values

    def places_to_favour(self, shown: int) -> int:
        return shown


def _contrasts(answers: Choices, compared: Compared) -> tuple[Versus, ...]:
    """Every pair of arms, the declared ones first."""
    arms = compared.arms
    contrasts = compare_arms_of(answers, declared=compared.declared, seed=compared.seed)
    return tuple(Versus(arms[contrast.a], arms[contrast.b], contrast) for contrast in contrasts)


def _contrast_json(versus: Versus) -> dict[str, Any]:
    found = versus.found
    by: dict[str, Finding] = {"trials": found.trials, "items": found.items, "people": found.people}
    ends = pair(found.interval)
    return {
        "first": versus.first,
        "second": versus.second,
        "difference": found.difference,
        "interval": list(ends) if ends else None,
        "p_by": {unit: test.p for unit, test in by.items()},
        "p": found.p,
        "p_holm": found.p_holm,
        "exploratory": found.exploratory,
    }


def _ranked(ranking: Ranking | None, arms: tuple[str, ...]) -> tuple[Ranked, ...]:
    if ranking is None or ranking.estimate is None:
        return ()
    worth = ranking.estimate.worth
    ends = ranking.intervals.worth if ranking.intervals else [None] * len(worth)
    lines = [Ranked(arms[index], float(worth[index]), pair(ends[index])) for index in range(len(worth))]
    return tuple(sorted(lines, key=lambda line: -line.worth))


def _counted_as(way: SameAs, answers: Choices) -> OtherCount | None:
    found = or_none(lambda: choice_scores_of(answers, same_as=way))
    if found is None:
        return None
    return OtherCount(way, SAME_IN_WORDS[way], tuple(found.arms.tolist()), found.same, found.items)
