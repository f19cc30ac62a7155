"""The results of distinguish: how often people pick the map that is right with each arm, over chance, and how arms differ."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from studies.analysis.agreement import Scale
from studies.analysis.picking import Kind, PickFigure, Picks, contrasts, figures
from studies.analysis.questionnaires import Difference
from studies.analysis.table import Answers

from ..accuracy.results import AccuracyResults, notes_of, pairs_of
from ..results import Compared
from .answers import DistinguishAnswers
from .outcome import DistinguishOutcome

if TYPE_CHECKING:
    from rest_framework.serializers import Field


class DistinguishResults(AccuracyResults):
    """Chance stands beside accuracy."""

    scale: ClassVar[Scale] = "nominal"
    place = "letter"
    place_help = (
        "The map that is right stands in each place equally often, so places should be alike where people are right by chance or "
        "always. If they are not, people favoured a letter."
    )
    methods_template = "trial_types/distinguish/report/methods.html"
    recomputed_by = "docs/recompute_distinguish.py"
    kind: DistinguishAnswers

    def table(self, columns: Mapping[str, np.ndarray], arms: int) -> Picks:
        arm, place = self.kind.arms_and_said(columns["values"])
        return Picks(**columns, arm=arm, picked=place, classes=self.kind.classes)

    def accuracy(self, answers: Answers, arms: int) -> PickFigure:
        assert isinstance(answers, Picks)
        return figures(answers, arms, (), ())[0]

    def differences(
        self,
        answers: Answers,
        pairs: Sequence[tuple[int, int]],
        family: Sequence[tuple[int, int]],
        **options: Any,
    ) -> list[Difference]:
        assert isinstance(answers, Picks)
        return contrasts(answers, Kind.ACCURACY, pairs, family, **options)

    def outcome(self, answers: Answers, compared: Compared) -> DistinguishOutcome:
        assert isinstance(answers, Picks)
        if not len(answers):
            return DistinguishOutcome(arms=compared.arms, classes=self.kind.classes)
        pairs, family = pairs_of(compared)
        unknown = "Of some photos it is not known which map is right."
        return DistinguishOutcome(
            arms=compared.arms,
            classes=self.kind.classes,
            items=answers.units.items,
            notes=tuple(notes_of(answers, answers.arm, compared, unknown=unknown)),
            figures=tuple(figures(answers, len(compared.arms), pairs, family)),
            baseline=compared.baseline,
            planned=compared.declared,
        )

    def json_fields(self) -> dict[str, "Field"]:
        from .schema import json_fields  # here, because it needs Django's apps, and models stand on this room

        return json_fields()

    def places(self, values: np.ndarray, shown: int) -> dict[str, int]:
        counts = np.bincount(values, minlength=self.kind.classes).tolist()
        return dict(zip(self.kind.letters, counts, strict=True))

    def favoured(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(values)

    def places_to_favour(self, shown: int) -> int:
        return self.kind.classes
