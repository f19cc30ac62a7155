"""Results of types whose answers give every arm points: means, contrasts, strengths. A type says what an answer gives (`scale_of`), its
model of strengths (`fitted`), and its outcome."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np

from studies.analysis.agreement import Scale, position_bias_of
from studies.analysis.answers import SAME
from studies.analysis.contrasts import Contrast, Judged
from studies.analysis.inference.effects import Method
from studies.analysis.intervals import Per
from studies.analysis.points.judge import (
    any_point_difference,
    compare_points,
    equivalent_point_pairs,
    judge_arms,
    judge_point_pairs,
    judge_shares,
    sizes_of_pair,
    strengths_intervals,
)
from studies.analysis.points.luce import Logit
from studies.analysis.points.table import Points, PointScale, counted_means, means_by_item
from studies.analysis.ranking import Ranking
from studies.analysis.resampling import caution
from studies.analysis.table import UNKNOWN, Answers, remembered

from ..results import (
    PER_IN_WORDS,
    Compared,
    ContrastRow,
    Estimand,
    Further,
    LookVerdict,
    MainEffect,
    Pair,
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
from .outcome import Line, PointsOutcome

if TYPE_CHECKING:
    from rest_framework.serializers import Field


class PointsResults(Results):
    """An arm's figure is its mean points, of the photos' means unless said otherwise."""

    scale: ClassVar[Scale] = "nominal"
    recomputed_by = "docs/recompute_points.py"
    place_verb = "named best"
    of_items_in_words = "The mean of each arm"
    sizes_help = (
        "Chance to be preferred: the share of answers in which the first stands before the second, and half of those in which neither does; ½ is no "
        "difference. d_z: the mean difference in standard deviations of single answers; its interval holds what the t of the difference does not reject."
    )
    scripts = Path(__file__).parent / "scripts"
    outcome_class: ClassVar[type[PointsOutcome]]
    difference: ClassVar[str]
    """What a difference of two arms is counted in."""

    @abstractmethod
    def scale_of(self, arms: int) -> PointScale:
        """What each stored value gives each arm; of shown values, each place on screen."""

    @abstractmethod
    def fitted(self, answers: Points) -> tuple[Logit | None, str]:
        """The strengths by the type's model, or why there are none."""

    strengths_by: ClassVar[str]
    """What these strengths are, as a heading."""

    def table(self, columns: Mapping[str, np.ndarray], arms: int) -> Points:
        return Points(**columns, scale=self.scale_of(arms))

    def totals(self, items: np.ndarray, values: np.ndarray, counts: np.ndarray, arms: int) -> np.ndarray:
        return counted_means(items, values, counts, self.scale_of(arms))

    def judged(self, answers: Answers) -> Answers:
        """Agreement is about the arm that stands first; where several do, about none."""
        assert isinstance(answers, Points)
        columns = {"items": answers.items, "participants": answers.participants}
        return Answers(values=_sole_first(answers.firsts)[answers.kind], **columns)

    def outcome(self, answers: Answers, compared: Compared) -> PointsOutcome:
        assert isinstance(answers, Points)
        if not len(answers):
            return self.outcome_class(arms=compared.arms)
        firsts, lasts = judge_shares(answers, answers.firsts), judge_shares(answers, _lasts(answers))
        means, (worths, ends, _) = judge_arms(answers), _strengths(answers, self)
        notes = [means[0].note or caution(answers.units.people, answers.units.items, "two-way")]
        notes += [*uneven(answers), *parted(self._estimands(answers, compared.arms))]
        return self.outcome_class(
            arms=compared.arms,
            items=answers.units.items,
            notes=tuple(filter(None, notes)),
            lines=tuple(
                Line(*each) for each in zip(compared.arms, means, firsts, lasts, worths, ends, strict=True)
            ),
            lead=self._lead(answers),
            too_small=self._too_small(answers, compared),
            least=answers.scale.least,
            most=answers.scale.most,
        )

    def further(self, answers: Answers, compared: Compared) -> Further:
        assert isinstance(answers, Points)
        known = answers.only(answers.shown != UNKNOWN)
        worths, ends, note = _strengths(answers, self)
        lines = [
            Ranked(name, worth, end)
            for name, worth, end in zip(compared.arms, worths, ends, strict=True)
            if worth is not None
        ]
        return Further(
            contrasts=self._contrasts(answers, compared),
            any_difference=any_point_difference(answers),
            sized=tuple(self._sized(answers, versus) for versus in self._contrasts(answers, compared)),
            estimands=self._estimands(answers, compared.arms),
            ranking=Ranking(note=note),
            ranked=tuple(sorted(lines, key=lambda line: -line.worth)),
            ranked_by=self.strengths_by,
            positions=or_none(
                lambda: position_bias_of(
                    known.units, self.favoured(known.shown), compared.shown, seed=compared.seed
                )
            ),
            methods=tuple(
                other_interval(method, _rows(self._figures(answers, "items", method)), len(compared.arms))
                for method in get_args(Method)
            ),
            methods_of="the means",
            methods_columns=compared.arms,
        )

    def figures(self, answers: Answers, compared: Compared) -> Sequence[tuple[str, Judged]]:
        assert isinstance(answers, Points)
        return self._estimands(answers, compared.arms)[0].lines

    def contrast_rows(self, answers: Answers, compared: Compared) -> list[ContrastRow]:
        assert isinstance(answers, Points)
        return [
            ContrastRow(
                versus.first,
                versus.second,
                Judged(versus.found.difference, pair(versus.found.interval), versus.found.p, versus.found.df),
                versus.found.p_holm,
                not versus.found.exploratory,
                self._sized(answers, versus),
            )
            for versus in self._contrasts(answers, compared)
        ]

    def main_effect(self, answers: Answers, compared: Compared) -> MainEffect | None:
        assert isinstance(answers, Points)
        if len(compared.arms) < 2:
            return None
        a, b = compared.declared[0] if compared.declared else _leading(answers)

        def of(part: Answers) -> Judged:
            assert isinstance(part, Points)
            return judge_point_pairs(part, [(a, b)])[0]

        says = (answers.points[:, a] - answers.points[:, b])[answers.kind]
        name, reach = f"{compared.arms[a]} − {compared.arms[b]}", 2 * answers.scale.reach
        return MainEffect(name, self.difference, reach, "items", says, of)

    def tests_json(self, answers: Answers, compared: Compared) -> dict[str, Any]:
        assert isinstance(answers, Points)
        if not len(answers):
            return {"contrasts": [], "any_difference": None, "estimands": {}}
        joint = any_point_difference(answers)
        return {
            "contrasts": [
                versus.as_json(self._sized(answers, versus)) for versus in self._contrasts(answers, compared)
            ],
            "any_difference": asdict(joint)
            | {
                "test": "all arms alike over people and items (F)",
                "df": list(joint.df) if joint.df else None,
            },
            "estimands": {one.per: one.as_json() for one in self._estimands(answers, compared.arms)},
        }

    def verdicts(self, answers: Answers, compared: Compared, level: float) -> tuple[LookVerdict, ...]:
        assert isinstance(answers, Points)
        arms, found = compared.arms, judge_point_pairs(answers, compared.declared, level=level)
        return tuple(
            verdict(f"{arms[a]} − {arms[b]}", one, level, self.difference, compared.smallest)
            for (a, b), one in zip(compared.declared, found, strict=True)
        )

    def json_fields(self) -> dict[str, "Field"]:
        from .schema import (
            json_fields,
        )  # here, because it needs Django's apps, and models stand on this room

        return json_fields()

    def item_columns(self, arms: tuple[str, ...]) -> list[str]:
        return [*arms]

    def item_figures(self, answers: Answers) -> list[tuple[float, ...]]:
        assert isinstance(answers, Points)
        shown = self._outcome_of(answers).shown
        return [tuple(map(shown, row)) for row in means_by_item(answers).tolist()]

    def places_to_favour(self, shown: int) -> int:
        return shown

    def _outcome_of(self, answers: Points) -> PointsOutcome:
        """An empty outcome, for how it shows points."""
        return self.outcome_class(arms=(), least=answers.scale.least, most=answers.scale.most)

    def _figures(self, answers: Points, per: Per, method: Method = "two-way") -> list[Judged]:
        """The mean points of each arm, as the type's figure."""
        empty = self._outcome_of(answers)
        return [
            Judged(empty.shown(one.estimate), empty.ends(one.interval), None, one.df, one.note)
            for one in judge_arms(answers, per, method)
        ]

    def _estimands(self, answers: Points, arms: tuple[str, ...]) -> tuple[Estimand, ...]:
        """The figures of the arms, and every difference, by what counts once."""
        pairs = list(combinations(range(len(arms)), 2))
        names = [f"{arms[a]} − {arms[b]}" for a, b in pairs]

        def lines(per: Per) -> tuple[tuple[str, Judged], ...]:
            every = judge_point_pairs(answers, pairs, per=per) if pairs else []
            figures = zip(arms, self._figures(answers, per), strict=True)
            return (*figures, *zip(names, every, strict=True))

        return tuple(Estimand(per, PER_IN_WORDS[per], lines(per)) for per in get_args(Per))

    def _contrasts(self, answers: Points, compared: Compared) -> tuple[Versus, ...]:
        """Every pair of arms, the declared ones first."""
        arms, declared = compared.arms, list(compared.declared)
        others = [each for each in combinations(range(len(arms)), 2) if set(each) not in map(set, declared)]
        found = _compared(
            answers, (*declared, *others), len(declared), smallest=compared.smallest, seed=compared.seed
        )
        return tuple(Versus(arms[one.a], arms[one.b], one) for one in found)

    def _sized(self, answers: Points, versus: Versus) -> Sized:
        found = versus.found
        return Sized(
            f"{versus.first} − {versus.second}",
            sizes_of_pair(answers, (found.a, found.b)),
            found.equivalence,
            found.p_equivalence,
            found.equivalent,
        )

    def _lead(self, answers: Points) -> Judged | None:
        """The difference between the two arms with the highest means."""
        return judge_point_pairs(answers, [_leading(answers)])[0] if answers.arms > 1 else None

    def _too_small(self, answers: Points, compared: Compared) -> float | None:
        """The smallest difference that matters, where the lead is found to be smaller: a declared contrast, corrected by Holm."""
        if compared.smallest is None or answers.arms < 2:
            return None
        small = equivalent_point_pairs(answers, compared.declared, compared.smallest)
        lead = set(_leading(answers))
        return compared.smallest if any(lead == set(each) for each in small) else None


def _sole_first(firsts: np.ndarray) -> np.ndarray:
    """(kinds,) the arm, or place, that stands first alone; SAME where several do."""
    return np.where(firsts.max(axis=1) == 1, firsts.argmax(axis=1), SAME)


def _lasts(answers: Points) -> np.ndarray:
    """(kinds, arms): how much of a last place each arm has; those who tie share it."""
    last = answers.points == answers.points.min(axis=1, keepdims=True)
    return last / last.sum(axis=1, keepdims=True)


def _leading(answers: Points) -> tuple[int, int]:
    """The two arms with the highest means."""
    means = [one.estimate for one in judge_arms(answers)]
    first, second = np.argsort(-np.round(means, 12), kind="stable").tolist()[:2]
    return first, second


@remembered
def _compared(
    answers: Points, pairs: tuple[tuple[int, int], ...], declared: int, *, smallest: float | None, seed: int
) -> list[Contrast]:
    return compare_points(answers, pairs, declared, smallest=smallest, seed=seed)


@remembered
def _strengths(answers: Points, kind: PointsResults) -> tuple[list[float | None], list[Pair | None], str]:
    """Worths of the arms by the type's model, with intervals, and what is to be said of them."""
    nothing: list[Any] = [None] * answers.arms
    fitted, note = kind.fitted(answers)
    if fitted is None:
        return nothing, nothing, note
    ends, note = strengths_intervals(answers, fitted)
    return fitted.worth.tolist(), nothing if ends is None else [pair(row) for row in ends], note


def _rows(figures: Sequence[Judged]) -> np.ndarray | None:
    """(arms, 2) the ends of the figures' intervals; None where there are none."""
    ends = [one.interval for one in figures]
    return None if None in ends else np.array(ends)
