"""The results of verify: how often people are right with each arm, signal detection, and how arms differ."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from studies.analysis.agreement import Scale
from studies.analysis.answers import SAME
from studies.analysis.contrasts import Judged
from studies.analysis.detection import Kind, Verdicts, contrasts, figures, network_alone
from studies.analysis.inference.equivalence import ALPHA, corrected
from studies.analysis.inference.sensitivity import Finding
from studies.analysis.questionnaires import Difference, rank_tests
from studies.analysis.table import UNKNOWN, Answers

from ..results import Compared, ContrastRow, Further, LookVerdict, Results, verdict
from ..sentences import uneven
from ..sizes import Sized
from .answers import VerifyAnswers
from .outcome import VerifyOutcome

if TYPE_CHECKING:
    from rest_framework.serializers import Field

UNIT = "difference of accuracy"


class VerifyResults(Results):
    """The study is judged by accuracy; everything else stands beside it, split by whether the network is right."""

    scale: ClassVar[Scale] = "ordinal"
    unit = UNIT
    sizes_help = ""
    place_help = ""
    place = "button"
    of_items = "Accuracy with each arm"
    of_items_in_words = "The share of correct answers with each arm"
    methods_template = "trial_types/verify/report/methods.html"
    recomputed_by = "docs/recompute_verify.py"

    def __init__(self, answers: VerifyAnswers) -> None:
        self.kind = answers

    def table(self, columns: Mapping[str, np.ndarray], arms: int) -> Verdicts:
        arm, said = self.kind.arms_and_steps(columns["values"])
        return Verdicts(**columns, arm=arm, said=said, steps=self.kind.steps)

    def totals(self, items: np.ndarray, values: np.ndarray, counts: np.ndarray, arms: int) -> np.ndarray:
        """(arms, steps) how often each answer was given with each arm."""
        cells = np.bincount(values, counts, minlength=arms * self.kind.steps)
        return cells.reshape(arms, self.kind.steps)

    def judged(self, answers: Answers) -> Answers:
        """Agreement is about one photo with one arm, and the step is what is said of it."""
        assert isinstance(answers, Verdicts)
        arms = int(answers.arm.max()) + 1
        return Answers(
            items=answers.units.item * arms + answers.arm,
            participants=answers.participants,
            values=answers.said,
        )

    def once_more(self, values: np.ndarray) -> np.ndarray:
        return self.kind.arms_and_steps(values)[1]

    def outcome(self, answers: Answers, compared: Compared) -> VerifyOutcome:
        assert isinstance(answers, Verdicts)
        if not len(answers):
            return VerifyOutcome(arms=compared.arms)
        pairs, family = pairs_of(compared)
        return VerifyOutcome(
            arms=compared.arms,
            items=answers.units.items,
            notes=tuple(_notes(answers, compared)),
            figures=tuple(figures(answers, len(compared.arms), pairs, family)),
            network_alone=network_alone(answers),
            baseline=compared.baseline,
            planned=compared.declared,
        )

    def _compared(self, answers: Verdicts, compared: Compared, level: float = 0.95) -> list[Difference]:
        """Every difference of accuracy, the declared ones first."""
        pairs, family = pairs_of(compared)
        return contrasts(answers, Kind.ACCURACY, pairs, family, level=level, smallest=_within(compared))

    def _tests(self, answers: Verdicts, compared: Compared) -> dict[str, Finding]:
        """Of the first comparison: each person's and each photo's own difference against zero."""
        first = next(iter(self._compared(answers, compared)), None)
        return {} if first is None else rank_tests(answers, answers.correct, answers.arm, (first.a, first.b))

    def further(self, answers: Answers, compared: Compared) -> Further:
        assert isinstance(answers, Verdicts)
        return Further(
            tests=self._tests(answers, compared),
            sized=tuple(row.sized for row in self.contrast_rows(answers, compared) if row.sized.equivalence),
        )

    def figures(self, answers: Answers, compared: Compared) -> Sequence[tuple[str, Judged]]:
        assert isinstance(answers, Verdicts)
        accuracy = figures(answers, len(compared.arms), (), ())[0]
        lines = [
            (name, Judged(arm.estimate, arm.interval, None, None))
            for name, arm in zip(compared.arms, accuracy.arms, strict=True)
            if arm.estimate is not None
        ]
        return lines + [
            (f"{compared.arms[one.a]} − {compared.arms[one.b]}", one.found)
            for one in self._compared(answers, compared)
        ]

    def contrast_rows(self, answers: Answers, compared: Compared) -> list[ContrastRow]:
        assert isinstance(answers, Verdicts)
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
        assert isinstance(answers, Verdicts)
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
        assert isinstance(answers, Verdicts)
        names = compared.arms
        found = contrasts(answers, Kind.ACCURACY, compared.declared, compared.declared, level=level)
        return tuple(
            verdict(f"{names[one.a]} − {names[one.b]}", one.found, level, UNIT, compared.smallest)
            for one in found
        )

    def json_fields(self) -> dict[str, "Field"]:
        from .schema import json_fields  # here, because it needs Django's apps, and models stand on this room

        return json_fields()

    def item_columns(self, arms: tuple[str, ...]) -> list[str]:
        return list(arms)

    def item_figures(self, answers: Answers) -> list[tuple[float, ...]]:
        assert isinstance(answers, Verdicts)
        arms = int(answers.orders.shape[1])
        cell = answers.units.item * arms + answers.arm
        counts = np.bincount(cell, minlength=answers.units.items * arms)
        sums = np.bincount(cell, answers.correct, minlength=len(counts))
        means = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
        return [tuple(row) for row in means.reshape(-1, arms).tolist()]

    def item_figure_in_words(self, figure: float) -> str:
        return "–" if np.isnan(figure) else f"{figure:.2f}"

    def places(self, values: np.ndarray, shown: int) -> dict[str, int]:
        counts = np.bincount(values, minlength=self.kind.steps).tolist()
        return dict(zip(self.kind.words, counts, strict=True))

    def favoured(self, values: np.ndarray) -> np.ndarray:
        return np.full(len(values), SAME)

    def places_to_favour(self, shown: int) -> int:
        return 1


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


def _notes(answers: Verdicts, compared: Compared) -> list[str]:
    notes = [*uneven(answers)]
    missing = [name for arm, name in enumerate(compared.arms) if not (answers.arm == arm).any()]
    if missing:
        notes.append(f"Nobody has answered about {', '.join(missing)} yet.")
    if (answers.truths == UNKNOWN).any():
        notes.append("Of some photos it is not known what the network says.")
    for truth, word in ((1, "right"), (0, "wrong")):
        if not (answers.truths == truth).any():
            notes.append(f"Nobody has answered yet about a photo that the network gets {word}.")
    return notes
