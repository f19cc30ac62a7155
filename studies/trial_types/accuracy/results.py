"""Results of types whose answers are about one arm and correct or not: the study is judged by accuracy. A type says how accuracy and
its differences are reckoned, what stands beside them, and how places are looked at."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from studies.analysis.contrasts import Judged
from studies.analysis.inference.equivalence import ALPHA, corrected
from studies.analysis.inference.sensitivity import Finding
from studies.analysis.questionnaires import Difference, rank_tests
from studies.analysis.table import UNKNOWN, Answers

from ..results import Compared, ContrastRow, Further, LookVerdict, Results, verdict
from ..sentences import uneven
from ..sizes import Sized
from .answers import AnswersOfArms
from .outcome import AccuracyFigure

UNIT = "difference of accuracy"


class AccuracyResults(Results):
    """The study is judged by accuracy."""

    unit = UNIT
    sizes_help = ""
    of_items = "Accuracy with each arm"
    of_items_in_words = "The share of correct answers with each arm"

    def __init__(self, answers: AnswersOfArms) -> None:
        self.kind = answers

    @abstractmethod
    def accuracy(self, answers: Answers, arms: int) -> AccuracyFigure:
        """The share of correct answers with each arm, without differences."""

    @abstractmethod
    def differences(
        self,
        answers: Answers,
        pairs: Sequence[tuple[int, int]],
        family: Sequence[tuple[int, int]],
        *,
        level: float = 0.95,
        smallest: float | None = None,
    ) -> list[Difference]:
        """Differences of arms in accuracy; Holm's correction runs over `family`."""

    def correct(self, answers: Answers) -> np.ndarray:
        """(n,) float: 1 where an answer is correct."""
        return np.asarray(self.kind.is_correct(answers.values, answers.truths), float)

    def totals(self, items: np.ndarray, values: np.ndarray, counts: np.ndarray, arms: int) -> np.ndarray:
        """(arms, options) how often each answer was given with each arm."""
        cells = np.bincount(values, counts, minlength=arms * self.kind.options)
        return cells.reshape(arms, self.kind.options)

    def judged(self, answers: Answers) -> Answers:
        """Agreement is about one photo with one arm, and an answer is what is said of it."""
        arm, said = self.kind.arms_and_said(answers.values)
        return Answers(
            items=answers.units.item * (int(arm.max()) + 1) + arm,
            participants=answers.participants,
            values=said,
        )

    def once_more(self, values: np.ndarray) -> np.ndarray:
        return self.kind.arms_and_said(values)[1]

    def _compared(self, answers: Answers, compared: Compared) -> list[Difference]:
        """Every difference of accuracy, the declared ones first."""
        pairs, family = pairs_of(compared)
        return self.differences(answers, pairs, family, smallest=_within(compared))

    def _tests(self, answers: Answers, compared: Compared) -> dict[str, Finding]:
        """Of the first comparison: each person's and each photo's own difference against zero."""
        first = next(iter(self._compared(answers, compared)), None)
        if first is None:
            return {}
        return rank_tests(
            answers, self.correct(answers), self.kind.arm_of(answers.values), (first.a, first.b)
        )

    def further(self, answers: Answers, compared: Compared) -> Further:
        return Further(
            tests=self._tests(answers, compared),
            sized=tuple(row.sized for row in self.contrast_rows(answers, compared) if row.sized.equivalence),
        )

    def figures(self, answers: Answers, compared: Compared) -> Sequence[tuple[str, Judged]]:
        lines = [
            (name, Judged(arm.estimate, arm.interval, None, None))
            for name, arm in zip(compared.arms, self.accuracy(answers, len(compared.arms)).arms, strict=True)
            if arm.estimate is not None
        ]
        return lines + [
            (f"{compared.arms[one.a]} − {compared.arms[one.b]}", one.found)
            for one in self._compared(answers, compared)
        ]

    def contrast_rows(self, answers: Answers, compared: Compared) -> list[ContrastRow]:
        rows = []
        every = self._compared(answers, compared)
        planned = [(one.a, one.b) in compared.declared for one in every]
        p_small = iter(
            corrected([one.found.equivalence for one, is_so in zip(every, planned, strict=True) if is_so])
        )
        for one, is_planned in zip(every, planned, strict=True):
            p = next(p_small) if is_planned else None
            first, second = compared.arms[one.a], compared.arms[one.b]
            sized = Sized(
                f"{first} − {second}", {}, one.found.equivalence, p, None if p is None else p <= ALPHA
            )
            rows.append(
                ContrastRow(first, second, one.found, one.p_holm if is_planned else None, is_planned, sized)
            )
        return rows

    def tests_json(self, answers: Answers, compared: Compared) -> dict[str, Any]:
        if not len(answers):
            return {"tests": {}, "equivalence": []}
        return {
            "tests": {name: asdict(found) for name, found in self._tests(answers, compared).items()},
            "equivalence": [
                {"first": row.first, "second": row.second, **found}
                for row in self.contrast_rows(answers, compared)
                if (found := row.sized.equivalence_json())
            ],
        }

    def verdicts(self, answers: Answers, compared: Compared, level: float) -> tuple[LookVerdict, ...]:
        names = compared.arms
        found = self.differences(answers, compared.declared, compared.declared, level=level)
        return tuple(
            verdict(f"{names[one.a]} − {names[one.b]}", one.found, level, UNIT, compared.smallest)
            for one in found
        )

    def item_columns(self, arms: tuple[str, ...]) -> list[str]:
        return list(arms)

    def item_figures(self, answers: Answers) -> list[tuple[float, ...]]:
        arms = int(answers.orders.shape[1])
        cell = answers.units.item * arms + self.kind.arm_of(answers.values)
        counts = np.bincount(cell, minlength=answers.units.items * arms)
        sums = np.bincount(cell, self.correct(answers), minlength=len(counts))
        means = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
        return [tuple(row) for row in means.reshape(-1, arms).tolist()]

    def item_figure_in_words(self, figure: float) -> str:
        return "–" if np.isnan(figure) else f"{figure:.2f}"


def pairs_of(compared: Compared) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Every pair of arms that is compared, and those over which Holm's correction runs.

    The declared ones come first, then every arm beside the one without an explanation, then the others. The correction runs over the
    declared ones; where none is declared, over those beside no explanation; where there is no such arm, over all.
    """
    base = compared.baseline
    beside = [] if base is None else [(arm, base) for arm in range(len(compared.arms)) if arm != base]
    pairs: list[tuple[int, int]] = []
    for pair in [*compared.declared, *beside, *combinations(range(len(compared.arms)), 2)]:
        if not any(set(pair) == set(other) for other in pairs):
            pairs.append(pair)
    return pairs, [*compared.declared] or beside


def _within(compared: Compared) -> float | None:
    """The smallest difference that matters; none that no two accuracies can have."""
    smallest = compared.smallest
    return smallest if smallest is not None and smallest < 1 else None


def notes_of(answers: Answers, arm: np.ndarray, compared: Compared, *, unknown: str) -> list[str]:
    """What could not be reckoned. `arm`: (n,) which each answer is about; `unknown`: the sentence on photos whose truth is not known."""
    notes = [*uneven(answers)]
    missing = [name for number, name in enumerate(compared.arms) if not (arm == number).any()]
    if missing:
        notes.append(f"Nobody has answered about {', '.join(missing)} yet.")
    if (answers.truths == UNKNOWN).any():
        notes.append(unknown)
    return notes
