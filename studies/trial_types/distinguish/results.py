"""The results of distinguish: how often people pick the map that is right with each arm, over chance, and how arms differ."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from studies.analysis.agreement import Scale
from studies.analysis.contrasts import Judged
from studies.analysis.inference.equivalence import ALPHA, corrected
from studies.analysis.inference.sensitivity import Finding
from studies.analysis.picking import Kind, Picks, contrasts, figures
from studies.analysis.questionnaires import Difference, rank_tests
from studies.analysis.table import UNKNOWN, Answers

from ..results import Compared, ContrastRow, Further, LookVerdict, Results, verdict
from ..sentences import uneven
from ..sizes import Sized
from ..verify.results import pairs_of
from .answers import DistinguishAnswers
from .outcome import DistinguishOutcome

if TYPE_CHECKING:
    from rest_framework.serializers import Field

UNIT = "difference of accuracy"


class DistinguishResults(Results):
    """The study is judged by accuracy; chance stands beside it."""

    scale: ClassVar[Scale] = "nominal"
    unit = UNIT
    sizes_help = ""
    place = "letter"
    place_help = (
        "The map that is right stands in each place equally often, so places should be alike where people are right by chance or "
        "always. If they are not, people favoured a letter."
    )
    of_items = "Accuracy with each arm"
    of_items_in_words = "The share of correct answers with each arm"
    methods_template = "trial_types/distinguish/report/methods.html"
    recomputed_by = "docs/recompute_distinguish.py"

    def __init__(self, answers: DistinguishAnswers) -> None:
        self.kind = answers

    def table(self, columns: Mapping[str, np.ndarray], arms: int) -> Picks:
        arm, place = self.kind.arms_and_places(columns["values"])
        return Picks(**columns, arm=arm, picked=place, classes=self.kind.classes)

    def totals(self, items: np.ndarray, values: np.ndarray, counts: np.ndarray, arms: int) -> np.ndarray:
        """(arms, classes) how often each place was picked with each arm."""
        cells = np.bincount(values, counts, minlength=arms * self.kind.classes)
        return cells.reshape(arms, self.kind.classes)

    def judged(self, answers: Answers) -> Answers:
        """Agreement is about one photo with one arm, and the place is what is said of it."""
        assert isinstance(answers, Picks)
        arms = int(answers.arm.max()) + 1
        return Answers(
            items=answers.units.item * arms + answers.arm,
            participants=answers.participants,
            values=answers.picked,
        )

    def once_more(self, values: np.ndarray) -> np.ndarray:
        return self.kind.arms_and_places(values)[1]

    def outcome(self, answers: Answers, compared: Compared) -> DistinguishOutcome:
        assert isinstance(answers, Picks)
        if not len(answers):
            return DistinguishOutcome(arms=compared.arms, classes=self.kind.classes)
        pairs, family = pairs_of(compared)
        return DistinguishOutcome(
            arms=compared.arms,
            classes=self.kind.classes,
            items=answers.units.items,
            notes=tuple(_notes(answers, compared)),
            figures=tuple(figures(answers, len(compared.arms), pairs, family)),
            baseline=compared.baseline,
            planned=compared.declared,
        )

    def _compared(self, answers: Picks, compared: Compared) -> list[Difference]:
        """Every difference of accuracy, the declared ones first."""
        pairs, family = pairs_of(compared)
        smallest = compared.smallest if compared.smallest is not None and compared.smallest < 1 else None
        return contrasts(answers, Kind.ACCURACY, pairs, family, smallest=smallest)

    def _tests(self, answers: Picks, compared: Compared) -> dict[str, Finding]:
        """Of the first comparison: each person's and each photo's own difference against zero."""
        first = next(iter(self._compared(answers, compared)), None)
        return {} if first is None else rank_tests(answers, answers.correct, answers.arm, (first.a, first.b))

    def further(self, answers: Answers, compared: Compared) -> Further:
        assert isinstance(answers, Picks)
        return Further(
            tests=self._tests(answers, compared),
            sized=tuple(row.sized for row in self.contrast_rows(answers, compared) if row.sized.equivalence),
        )

    def figures(self, answers: Answers, compared: Compared) -> Sequence[tuple[str, Judged]]:
        assert isinstance(answers, Picks)
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
        assert isinstance(answers, Picks)
        rows, every = [], self._compared(answers, compared)
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
        assert isinstance(answers, Picks)
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
        assert isinstance(answers, Picks)
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
        assert isinstance(answers, Picks)
        arms = int(answers.orders.shape[1])
        cell = answers.units.item * arms + answers.arm
        counts = np.bincount(cell, minlength=answers.units.items * arms)
        sums = np.bincount(cell, answers.correct, minlength=len(counts))
        means = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
        return [tuple(row) for row in means.reshape(-1, arms).tolist()]

    def item_figure_in_words(self, figure: float) -> str:
        return "–" if np.isnan(figure) else f"{figure:.2f}"

    def places(self, values: np.ndarray, shown: int) -> dict[str, int]:
        counts = np.bincount(values, minlength=self.kind.classes).tolist()
        return dict(zip(self.kind.letters, counts, strict=True))

    def favoured(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(values)

    def places_to_favour(self, shown: int) -> int:
        return self.kind.classes


def _notes(answers: Picks, compared: Compared) -> list[str]:
    notes = [*uneven(answers)]
    missing = [name for arm, name in enumerate(compared.arms) if not (answers.arm == arm).any()]
    if missing:
        notes.append(f"Nobody has answered about {', '.join(missing)} yet.")
    if (answers.truths == UNKNOWN).any():
        notes.append("Of some photos it is not known which map is right.")
    return notes
