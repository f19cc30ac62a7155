"""The results of single maps: means of questions and scales, differences of arms, and how the questions of a scale go together."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from studies.analysis.agreement import Scale
from studies.analysis.answers import SAME
from studies.analysis.contrasts import Judged
from studies.analysis.inference.equivalence import ALPHA, corrected
from studies.analysis.inference.sensitivity import Finding
from studies.analysis.questionnaires import (
    ArmMean,
    Difference,
    Judgements,
    Measure,
    arm_mean,
    difference,
    differences,
    rank_tests,
    reliability,
)
from studies.analysis.table import Answers

from ..results import (
    Compared,
    ContrastRow,
    Further,
    LookVerdict,
    Results,
    verdict,
)
from ..sentences import uneven
from ..sizes import Sized
from .answers import SingleAnswers
from .outcome import Figure, SingleOutcome

if TYPE_CHECKING:
    from rest_framework.serializers import Field

UNIT = "points of the scale"


class SingleResults(Results):
    """Every question has its means; questions of one scale have one together, and the first scale, or question, is the main figure."""

    scale: ClassVar[Scale] = "interval"
    scripts = Path(__file__).parent / "scripts"
    unit = UNIT
    sizes_help = ""
    place_help = ""
    of_items = "Mean of each arm"
    of_items_in_words = "The mean of each arm in the main figure"
    methods_template = "trial_types/single/report/methods.html"
    recomputed_by = "docs/recompute_single.py"

    def __init__(self, answers: SingleAnswers) -> None:
        self.kind = answers

    # Figures of every answer

    @property
    def by_scale(self) -> dict[str, list[int]]:
        """The places of each scale's questions."""
        scales: dict[str, list[int]] = {}
        for place, question in enumerate(self.kind.questions):
            if question.scale:
                scales.setdefault(question.scale, []).append(place)
        return scales

    def scales(self, said: np.ndarray) -> list[tuple[Measure, np.ndarray, np.ndarray]]:
        """Each scale with its figure of every answer (n,), and its questions' answers as it counts them (n, k).

        Where its questions have different answers, each counts from 0 at its lowest to 1 at its highest.
        """
        found = []
        for name, places in self.by_scale.items():
            questions = [self.kind.questions[place] for place in places]
            turned = np.stack(
                [q.turned(said[:, place]) for q, place in zip(questions, places, strict=True)], axis=1
            ).astype(float)
            ends = {(question.least, question.most) for question in questions}
            least, most = ends.pop() if len(ends) == 1 else (0, 1)
            if most == 1 and least == 0:
                turned = (turned - [q.least for q in questions]) / [q.levels - 1 for q in questions]
            found.append((Measure(name, f"scale {name}", least, most), turned.mean(axis=1), turned))
        return found

    def main(self, answers: Answers) -> tuple[Measure, np.ndarray]:
        """What the study is judged by: the figure (n,) of every answer."""
        assert isinstance(answers, Judgements)
        if scales := self.scales(answers.said):
            measure, values, _ = scales[0]
            return measure, values
        return self._question(0), answers.said[:, 0].astype(float)

    def _question(self, place: int) -> Measure:
        question = self.kind.questions[place]
        return Measure(question.key, question.text, question.least, question.most)

    # The interface

    def table(self, columns: Mapping[str, np.ndarray], arms: int) -> Judgements:
        values = columns["values"]
        return Judgements(**columns, arm=self.kind.arms_in(values), said=self.kind.said_in(values))

    def totals(
        self, items: np.ndarray, values: np.ndarray, counts: np.ndarray, arms: int
    ) -> dict[str, np.ndarray]:
        """(arms,) the mean of all answers to each question, nan where there is none."""
        arm, said = self.kind.arms_in(values), self.kind.said_in(values)
        given = np.bincount(arm, counts, minlength=arms)
        sums = [np.bincount(arm, counts * column, minlength=arms) for column in said.T]
        return {
            question.key: np.divide(total, given, out=np.full(arms, np.nan), where=given > 0)
            for question, total in zip(self.kind.questions, sums, strict=True)
        }

    def judged(self, answers: Answers) -> Answers:
        """Agreement is about one map: each pair of photo and arm is an item, and the main figure is what is said of it."""
        assert isinstance(answers, Judgements)
        _, values = self.main(answers)
        arms = int(answers.arm.max()) + 1
        return Answers(
            items=answers.units.item * arms + answers.arm, participants=answers.participants, values=values
        )

    def once_more(self, values: np.ndarray) -> np.ndarray:
        said = self.kind.said_in(values)
        return self.scales(said)[0][1] if self.by_scale else said[:, 0]

    def outcome(self, answers: Answers, compared: Compared) -> SingleOutcome:
        assert isinstance(answers, Judgements)
        if not len(answers):
            return SingleOutcome(arms=compared.arms)
        scales = [
            self._figure(answers, compared, measure, values, turned)
            for measure, values, turned in self.scales(answers.said)
        ]
        questions = [
            replace(
                self._figure(answers, compared, self._question(place), answers.said[:, place].astype(float)),
                scale=question.scale,
                reversed=question.reversed,
            )
            for place, question in enumerate(self.kind.questions)
        ]
        lead = self._lead(answers, compared)
        return SingleOutcome(
            arms=compared.arms,
            items=answers.units.items,
            notes=tuple(_notes(answers, compared, [*scales, *questions])),
            questions=tuple(questions),
            scales=tuple(scales),
            lead=lead,
            too_small=self._too_small(answers, compared, lead),
        )

    def _figure(
        self,
        answers: Judgements,
        compared: Compared,
        measure: Measure,
        values: np.ndarray,
        turned: np.ndarray | None = None,
    ) -> Figure:
        arms = range(len(compared.arms))
        return Figure(
            measure,
            compared.arms,
            tuple(arm_mean(answers, values, answers.arm == arm, measure) for arm in arms),
            tuple(
                differences(
                    answers, values, answers.arm, _pairs(compared), measure, declared=compared.declared
                )
            ),
            None if turned is None else reliability(turned),
            ()
            if turned is None
            else tuple(self.kind.questions[place].key for place in self.by_scale[measure.key]),
        )

    def _means(self, answers: Judgements, compared: Compared) -> list[tuple[int, ArmMean]]:
        """The arms with answers, the highest mean of the main figure first."""
        measure, values = self.main(answers)
        means = [
            (arm, arm_mean(answers, values, answers.arm == arm, measure)) for arm in range(len(compared.arms))
        ]
        return sorted((line for line in means if line[1].answers), key=lambda line: -(line[1].estimate or 0))

    def _lead(self, answers: Judgements, compared: Compared) -> Difference | None:
        ranked = self._means(answers, compared)
        if len(ranked) < 2:
            return None
        pair = ranked[0][0], ranked[1][0]
        measure, values = self.main(answers)
        found = difference(answers, values, answers.arm, pair, measure)
        return None if found is None else Difference(*pair, found, None, pair in compared.declared)

    def _too_small(self, answers: Judgements, compared: Compared, lead: Difference | None) -> float | None:
        """The smallest difference that matters, where the lead is a declared contrast that is found to be smaller."""
        if lead is None or compared.smallest is None:
            return None
        small = [row for row in self.contrast_rows(answers, compared) if row.planned and row.sized.equivalent]
        names = {compared.arms[lead.a], compared.arms[lead.b]}
        return compared.smallest if any({row.first, row.second} == names for row in small) else None

    def _compared(self, answers: Judgements, compared: Compared, level: float = 0.95) -> list[Difference]:
        """Every difference in the main figure, the declared ones first."""
        measure, values = self.main(answers)
        return differences(
            answers,
            values,
            answers.arm,
            _pairs(compared),
            measure,
            declared=compared.declared,
            level=level,
            smallest=_within(compared.smallest, measure),
        )

    def _tests(self, answers: Judgements, compared: Compared) -> dict[str, Finding]:
        """Of the first declared difference, or of the lead: each person's and each photo's own difference against zero."""
        every, lead = self._compared(answers, compared), self._lead(answers, compared)
        first = next((one for one in every if one.planned), lead)
        if first is None:
            return {}
        _, values = self.main(answers)
        return rank_tests(answers, values, answers.arm, (first.a, first.b))

    def further(self, answers: Answers, compared: Compared) -> Further:
        assert isinstance(answers, Judgements)
        return Further(
            tests=self._tests(answers, compared),
            sized=tuple(row.sized for row in self.contrast_rows(answers, compared) if row.sized.equivalence),
        )

    def figures(self, answers: Answers, compared: Compared) -> Sequence[tuple[str, Judged]]:
        assert isinstance(answers, Judgements)
        measure, values = self.main(answers)
        means = [
            (name, arm_mean(answers, values, answers.arm == arm, measure))
            for arm, name in enumerate(compared.arms)
        ]
        lines = [
            (name, Judged(mean.estimate, mean.interval, None, None))
            for name, mean in means
            if mean.estimate is not None
        ]
        return lines + [
            (f"{compared.arms[one.a]} − {compared.arms[one.b]}", one.found)
            for one in self._compared(answers, compared)
        ]

    def contrast_rows(self, answers: Answers, compared: Compared) -> list[ContrastRow]:
        assert isinstance(answers, Judgements)
        every = self._compared(answers, compared)
        small = corrected([one.found.equivalence for one in every if one.planned])
        p_small = iter(small)
        rows = []
        for one in every:
            p = next(p_small) if one.planned else None
            name = f"{compared.arms[one.a]} − {compared.arms[one.b]}"
            sized = Sized(name, {}, one.found.equivalence, p, None if p is None else p <= ALPHA)
            p_holm = one.p_holm if one.planned else None
            rows.append(
                ContrastRow(compared.arms[one.a], compared.arms[one.b], one.found, p_holm, one.planned, sized)
            )
        return rows

    def tests_json(self, answers: Answers, compared: Compared) -> dict[str, Any]:
        assert isinstance(answers, Judgements)
        rows = self.contrast_rows(answers, compared) if len(answers) else []
        return {
            "tests": {name: asdict(found) for name, found in self._tests(answers, compared).items()}
            if len(answers)
            else {},
            "equivalence": [
                {"first": row.first, "second": row.second, **found}
                for row in rows
                if (found := row.sized.equivalence_json())
            ],
        }

    def verdicts(self, answers: Answers, compared: Compared, level: float) -> tuple[LookVerdict, ...]:
        assert isinstance(answers, Judgements)
        measure, values = self.main(answers)
        names = compared.arms
        return tuple(
            verdict(f"{names[a]} − {names[b]}", found, level, UNIT, compared.smallest)
            for a, b in compared.declared
            if (found := difference(answers, values, answers.arm, (a, b), measure, level=level)) is not None
        )

    def json_fields(self) -> dict[str, "Field"]:
        from .schema import json_fields  # here, because it needs Django's apps, and models stand on this room

        return json_fields()

    def item_columns(self, arms: tuple[str, ...]) -> list[str]:
        return list(arms)

    def item_figures(self, answers: Answers) -> list[tuple[float, ...]]:
        assert isinstance(answers, Judgements)
        _, values = self.main(answers)
        arms = int(answers.orders.shape[1])
        cell = answers.units.item * arms + answers.arm
        counts = np.bincount(cell, minlength=answers.units.items * arms)
        sums = np.bincount(cell, values, minlength=len(counts))
        means = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
        return [tuple(row) for row in means.reshape(-1, arms).tolist()]

    def item_figure_in_words(self, figure: float) -> str:
        return "–" if np.isnan(figure) else f"{figure:.2f}"

    def places(self, values: np.ndarray, shown: int) -> dict[str, int]:
        return {"the one map": len(values)}

    def favoured(self, values: np.ndarray) -> np.ndarray:
        return np.full(len(values), SAME)

    def places_to_favour(self, shown: int) -> int:
        return 1


def _pairs(compared: Compared) -> list[tuple[int, int]]:
    """Every pair of arms, the declared ones first and as they were declared."""
    known = [set(pair) for pair in compared.declared]
    others = [pair for pair in combinations(range(len(compared.arms)), 2) if set(pair) not in known]
    return [*compared.declared, *others]


def _within(smallest: float | None, measure: Measure) -> float | None:
    """The smallest difference that matters; none that no two means can have."""
    return smallest if smallest is not None and smallest < measure.range else None


def _notes(answers: Judgements, compared: Compared, figures: Sequence[Figure]) -> list[str]:
    notes = [*uneven(answers)]
    missing = [name for arm, name in enumerate(compared.arms) if not (answers.arm == arm).any()]
    if missing:
        notes.append(f"Nobody has answered about {', '.join(missing)} yet.")
    notes += [note for figure in figures for mean in figure.means if (note := mean.note)][:1]
    notes += [
        f"{figure.measure.name.capitalize()}: {found.note}"
        for figure in figures
        if (found := figure.reliability) and found.note
    ]
    return notes
