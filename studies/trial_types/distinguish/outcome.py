"""What picking one of several maps comes to: accuracy of each arm, over chance and beside the others."""

from dataclasses import dataclass
from typing import Any, ClassVar

from studies.analysis.picking import judged_beside_chance

from ..accuracy.outcome import AccuracyOutcome, percent
from ..results import judged_json


@dataclass(frozen=True, kw_only=True)
class DistinguishOutcome(AccuracyOutcome):
    """Chance stands beside accuracy."""

    classes: int

    digits: ClassVar[int] = 0
    template: ClassVar[str] = "trial_types/distinguish/report/outcome.html"

    @property
    def chance(self) -> float:
        return 1 / self.classes

    @property
    def beside(self) -> str:
        return f" Chance: {percent(self.chance)}."

    @property
    def mark(self) -> float:
        return self.chance

    @property
    def about_mark(self) -> str:
        return f"; the dashed line is chance, {percent(self.chance)}"

    def row_besides(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"over": judged_beside_chance(row["accuracy"], self.classes)}

    def as_json(self) -> dict[str, Any]:
        return {"chance": self.chance, **super().as_json()}

    def arm_json(self, arm: Any) -> dict[str, Any]:
        over = judged_beside_chance(arm, self.classes)
        return {**super().arm_json(arm), "over_chance": None if over is None else judged_json(over)}

    def in_text(self) -> list[str]:
        width = max(len(name) for name in self.arms) + 2
        keys = [figure.kind.value for figure in self.figures]
        names = [*(key.replace("_", " ") for key in keys), "over chance"]
        head = f"{'':<{width}}" + "".join(f"{name:>14}" for name in names) + f"{'p':>8}"
        lines = [head, "─" * len(head)]
        for row in self.rows:
            over = row["over"]
            cells = [*(row[key].estimate for key in keys), over.estimate]
            shown = "".join(f"{'–' if cell is None else f'{cell:.3f}':>14}" for cell in cells)
            p = "–" if over.p is None else f"{over.p:.3f}"
            lines.append(f"{row['name']:<{width}}{shown}{p:>8}")
        lines.append(f"{'chance':<{width}}{self.chance:>14.3f}")
        return lines + self.differences_in_text()
