"""The results of verify: how often people are right with each arm, signal detection, and how arms differ."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from studies.analysis.agreement import Scale
from studies.analysis.answers import SAME
from studies.analysis.detection import Figure, Kind, Verdicts, contrasts, figures, network_alone
from studies.analysis.questionnaires import Difference
from studies.analysis.table import Answers

from ..accuracy.results import AccuracyResults, notes_of, pairs_of
from ..results import Compared
from .answers import VerifyAnswers
from .outcome import VerifyOutcome

if TYPE_CHECKING:
    from rest_framework.serializers import Field


class VerifyResults(AccuracyResults):
    """Signal detection stands beside accuracy, and everything is split by whether the network is right."""

    scale: ClassVar[Scale] = "ordinal"
    place_help = ""
    place = "button"
    methods_template = "trial_types/verify/report/methods.html"
    recomputed_by = "docs/recompute_verify.py"
    kind: VerifyAnswers

    def table(self, columns: Mapping[str, np.ndarray], arms: int) -> Verdicts:
        arm, said = self.kind.arms_and_said(columns["values"])
        return Verdicts(**columns, arm=arm, said=said, steps=self.kind.steps)

    def accuracy(self, answers: Answers, arms: int) -> Figure:
        assert isinstance(answers, Verdicts)
        return figures(answers, arms, (), ())[0]

    def differences(
        self,
        answers: Answers,
        pairs: Sequence[tuple[int, int]],
        family: Sequence[tuple[int, int]],
        **options: Any,
    ) -> list[Difference]:
        assert isinstance(answers, Verdicts)
        return contrasts(answers, Kind.ACCURACY, pairs, family, **options)

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

    def json_fields(self) -> dict[str, "Field"]:
        from .schema import json_fields  # here, because it needs Django's apps, and models stand on this room

        return json_fields()

    def places(self, values: np.ndarray, shown: int) -> dict[str, int]:
        counts = np.bincount(values, minlength=self.kind.steps).tolist()
        return dict(zip(self.kind.words, counts, strict=True))

    def favoured(self, values: np.ndarray) -> np.ndarray:
        return np.full(len(values), SAME)

    def places_to_favour(self, shown: int) -> int:
        return 1


def _notes(answers: Verdicts, compared: Compared) -> list[str]:
    unknown = "Of some photos it is not known what the network says."
    notes = notes_of(answers, answers.arm, compared, unknown=unknown)
    for truth, word in ((1, "right"), (0, "wrong")):
        if not (answers.truths == truth).any():
            notes.append(f"Nobody has answered yet about a photo that the network gets {word}.")
    return notes
