"""The results of a choice: scores, contrasts of arms, a ranking, and whether people favour a place."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np

from studies.analysis.agreement import Scale, position_bias_of
from studies.analysis.answers import SAME, SAME_NAME
from studies.analysis.contrasts import (
    Judged,
    any_difference_of,
    compare_arms_of,
    equivalent_pairs,
    judge_pairs,
)
from studies.analysis.inference.effects import Method
from studies.analysis.inference.sensitivity import exchange_all_labels_of
from studies.analysis.inference.sizes import Size
from studies.analysis.intervals import Per, choice_intervals_of, shares_of
from studies.analysis.ranking import Ranking, rank_arms_of
from studies.analysis.scores import ChoiceScores, SameAs, choice_scores, choice_scores_of, item_shares_of
from studies.analysis.table import UNKNOWN, Answers, Choices

from ..results import (
    PER_IN_WORDS,
    Compared,
    ContrastRow,
    Estimand,
    Further,
    LookVerdict,
    MainEffect,
    OtherCount,
    Ranked,
    Results,
    Versus,
    or_none,
    other_interval,
    pair,
    verdict,
)
from ..sentences import parted, uneven
from ..sizes import Sized
from .outcome import ChoiceOutcome, Score

if TYPE_CHECKING:
    from rest_framework.serializers import Field

UNIT = "difference of shares"
SAME_IN_WORDS = {
    "own": "a category of its own",
    "split": "shared equally among the arms",
    "dropped": "left out",
}


class ChoiceResults(Results):
    """Each item is worth 1.00, shared among its answers."""

    scale: ClassVar[Scale] = "nominal"
    gives_shares = True
    scripts = Path(__file__).parent / "scripts"
    unit = "of all items (difference of shares)"
    sizes_help = (
        "Chance to be preferred: of those who picked one of the two, the share that picked the first; ½ is no difference. Odds: how many times as "
        "often the first was picked as the second; 1 is no difference. Each interval holds what the t of the difference does not reject, so "
        "they leave “no difference” out together."
    )
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
        scored, bounds = choice_scores_of(answers), choice_intervals_of(answers)
        preferences = scored.share_of_preferences
        notes = [bounds.note] if bounds.note else []
        notes += [*uneven(answers), *parted(_estimands(answers, compared.arms))]
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
                    share_of_preferences_interval=pair(
                        None if bounds.share_of_preferences is None else bounds.share_of_preferences[index]
                    ),
                )
                for index, name in enumerate(compared.arms)
            ),
            same=Score(SAME_NAME, scored.same, scored.same_share, None, pair(bounds.same)),
            lead=_lead(answers, scored),
            too_small=_too_small(answers, compared, scored),
        )

    def further(self, answers: Answers, compared: Compared) -> Further:
        assert isinstance(answers, Choices)
        known = answers.only(answers.shown != UNKNOWN)
        ranking = or_none(lambda: rank_arms_of(known, seed=compared.seed))
        return Further(
            contrasts=_contrasts(answers, compared),
            any_difference=any_difference_of(answers),
            sized=tuple(_sized(versus, answers.units.items) for versus in _contrasts(answers, compared)),
            estimands=_estimands(answers, compared.arms),
            tests={"all labels": exchange_all_labels_of(answers, seed=compared.seed)},
            ranking=ranking,
            ranked=_ranked(ranking, compared.arms),
            positions=or_none(
                lambda: position_bias_of(known.units, known.shown, compared.shown, seed=compared.seed)
            ),
            same_as=tuple(filter(None, (_counted_as(way, answers) for way in get_args(SameAs)))),
            methods=tuple(
                other_interval(
                    method,
                    choice_intervals_of(answers, method=method).arms,
                    len(compared.arms),
                )
                for method in get_args(Method)
            ),
            methods_of="the scores",
            methods_columns=compared.arms,
        )

    def figures(self, answers: Answers, compared: Compared) -> Sequence[tuple[str, Judged]]:
        assert isinstance(answers, Choices)
        return _estimands(answers, compared.arms)[0].lines

    def contrast_rows(self, answers: Answers, compared: Compared) -> list[ContrastRow]:
        assert isinstance(answers, Choices)
        return [_contrast_row(versus, answers.units.items) for versus in _contrasts(answers, compared)]

    def main_effect(self, answers: Answers, compared: Compared) -> MainEffect | None:
        assert isinstance(answers, Choices)
        if len(compared.arms) < 2:
            return None
        a, b = compared.declared[0] if compared.declared else _leading(choice_scores_of(answers))

        def of(part: Answers) -> Judged:
            assert isinstance(part, Choices)
            return judge_pairs(part, [(a, b)])[0]

        says = (answers.values == a).astype(float) - (answers.values == b)
        return MainEffect(f"{compared.arms[a]} − {compared.arms[b]}", UNIT, 1.0, "items", says, of)

    def tests_json(self, answers: Answers, compared: Compared) -> dict[str, Any]:
        assert isinstance(answers, Choices)
        if not len(answers):
            return {"contrasts": [], "any_difference": None, "estimands": {}}
        joint, exchanged = any_difference_of(answers), exchange_all_labels_of(answers, seed=compared.seed)
        return {
            "contrasts": [
                versus.as_json(_sized(versus, answers.units.items))
                for versus in _contrasts(answers, compared)
            ],
            "any_difference": {
                "test": "all arms alike over people and items (F)",
                "statistic": joint.statistic,
                "df": list(joint.df) if joint.df else None,
                "p": joint.p,
                "n": exchanged.n,
                "zeros": exchanged.zeros,
                "note": joint.note,
                "labels_exchanged": asdict(exchanged),
            },
            "estimands": {one.per: one.as_json() for one in _estimands(answers, compared.arms)},
        }

    def verdicts(self, answers: Answers, compared: Compared, level: float) -> tuple[LookVerdict, ...]:
        assert isinstance(answers, Choices)
        arms, judged = compared.arms, judge_pairs(answers, compared.declared, level=level)
        return tuple(
            verdict(f"{arms[a]} − {arms[b]}", found, level, UNIT, compared.smallest)
            for (a, b), found in zip(compared.declared, judged, strict=True)
        )

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


def _lead(answers: Choices, scored: ChoiceScores) -> Judged | None:
    """The difference between the two arms with the highest scores, in items."""
    if len(scored.arms) < 2:
        return None
    return judge_pairs(answers, [_leading(scored)])[0].scaled(answers.units.items)


def _leading(scored: ChoiceScores) -> tuple[int, int]:
    """The two arms with the highest scores."""
    first, second = np.argsort(-scored.arms, kind="stable").tolist()[:2]
    return first, second


def _too_small(answers: Choices, compared: Compared, scored: ChoiceScores) -> float | None:
    """The smallest difference that matters, where the lead is found to be smaller: a declared contrast, corrected by Holm."""
    first, *others = np.argsort(-scored.arms, kind="stable").tolist()
    if compared.smallest is None or not others:
        return None
    small = equivalent_pairs(answers, compared.declared, compared.smallest)
    found = any({first, others[0]} == set(pair) for pair in small)
    return compared.smallest if found else None


def _estimands(answers: Choices, arms: tuple[str, ...]) -> tuple[Estimand, ...]:
    """Shares of the arms and of “same”, and every difference, by what counts once."""
    return tuple(_estimand(answers, arms, per) for per in get_args(Per))


def _estimand(answers: Choices, arms: tuple[str, ...], per: Per) -> Estimand:
    shares, bounds = shares_of(answers, per).shares.tolist(), choice_intervals_of(answers, per=per)
    ends: list[np.ndarray | None] = [None] * len(shares)
    if bounds.share is not None and bounds.same is not None:
        ends = [*bounds.share, bounds.same / answers.units.items]
    lines = [
        (name, Judged(share, pair(end), None, None))
        for name, share, end in zip([*arms, SAME_NAME], shares, ends, strict=True)
    ]
    pairs = list(combinations(range(len(arms)), 2))
    judged = judge_pairs(answers, pairs, per=per)
    lines += [(f"{arms[a]} − {arms[b]}", found) for (a, b), found in zip(pairs, judged, strict=True)]
    return Estimand(per, PER_IN_WORDS[per], tuple(lines))


def _contrasts(answers: Choices, compared: Compared) -> tuple[Versus, ...]:
    """Every pair of arms, the declared ones first."""
    arms = compared.arms
    contrasts = compare_arms_of(
        answers, declared=compared.declared, smallest=compared.smallest, seed=compared.seed
    )
    return tuple(Versus(arms[contrast.a], arms[contrast.b], contrast) for contrast in contrasts)


def _contrast_row(versus: Versus, items: int) -> ContrastRow:
    """A difference of scores as the difference of shares."""
    found = versus.found
    judged = Judged(found.difference, pair(found.interval), found.p, found.df).scaled(1 / items)
    planned = not found.exploratory
    return ContrastRow(versus.first, versus.second, judged, found.p_holm, planned, _sized(versus, items))


def _sized(versus: Versus, items: int) -> Sized:
    found = versus.found
    difference = Size(
        found.difference / items, pair(None if found.interval is None else found.interval / items)
    )
    return Sized(
        f"{versus.first} − {versus.second}",
        {"difference_of_shares": difference, "superiority": found.superiority, "odds": found.odds},
        found.equivalence,
        found.p_equivalence,
        found.equivalent,
    )


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
