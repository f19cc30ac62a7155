"""What answers about a network come to: accuracy of each arm, and every other measure beside it."""

from dataclasses import dataclass
from typing import Any, ClassVar

from studies.analysis.detection import Arm, Kind

from ..accuracy.outcome import AccuracyOutcome, percent


@dataclass(frozen=True, kw_only=True)
class VerifyOutcome(AccuracyOutcome):
    """Signal detection and reliance stand beside accuracy."""

    network_alone: float | None = None  # the share of the photos that it gets right

    template: ClassVar[str] = "trial_types/verify/report/outcome.html"

    @property
    def beside(self) -> str:
        return "" if self.network_alone is None else f" The network alone: {percent(self.network_alone)}."

    def row_besides(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"over": mirrored(row[Kind.SPECIFICITY]), "under": mirrored(row[Kind.SENSITIVITY])}

    def as_json(self) -> dict[str, Any]:
        return {
            "network_alone": self.network_alone,
            **super().as_json(),
            "reliance": {
                row["name"]: {"over": self.arm_json(row["over"]), "under": self.arm_json(row["under"])}
                for row in sorted(self.rows, key=lambda row: self.arms.index(row["name"]))
            },
        }

    def in_text(self) -> list[str]:
        width = max(len(name) for name in self.arms) + 2
        keys = [figure.kind.value for figure in self.figures]
        head = f"{'':<{width}}" + "".join(f"{key.replace('_', ' '):>13}" for key in keys)
        lines = [head, "─" * len(head)]
        for row in self.rows:
            cells = [row[key].estimate for key in keys]
            shown = "".join(f"{'–' if cell is None else f'{cell:.3f}':>13}" for cell in cells)
            lines.append(f"{row['name']:<{width}}{shown}")
        if self.network_alone is not None:
            lines.append(f"{'the network alone':<{width}} {self.network_alone:.3f} of these photos right")
        return lines + self.differences_in_text()


def mirrored(arm: Arm) -> Arm:
    """One minus a share: over-reliance is that of specificity, under-reliance that of sensitivity."""
    if arm.estimate is None:
        return arm
    ends = arm.interval and (1 - arm.interval[1], 1 - arm.interval[0])
    return Arm(arm.answers, 1 - arm.estimate, ends, arm.note)
