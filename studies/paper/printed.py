"""What the paper prints: its tables 1 and 2 and the scores of its two studies. Nothing here is ours."""

from dataclasses import dataclass

PIXEL, ABLATION, GRAD = "pixel-ablation-cam", "ablation-cam", "grad-cam"
METHODS = (GRAD, ABLATION, PIXEL)


@dataclass(frozen=True)
class Metric:
    """One row of the tables: what it is called, where evaluation_tables.py keeps it, and which way is better."""

    title: str
    score: str
    figure: str
    lower_is_better: bool


METRICS = (
    Metric("Average % drop in confidence", "confidence", "average_drop", True),
    Metric("Average % drop in activation", "activation", "average_drop", True),
    Metric("Percent increase in confidence", "confidence", "increase", False),
    Metric("Percent increase in activation", "activation", "increase", False),
)
TABLES: dict[str, tuple[tuple[float, float, float], ...]] = {  # rows of METRICS, columns of METHODS
    "ResNet-50": ((47.03, 46.85, 32.64), (33.87, 33.58, 24.82), (12.70, 14.26, 23.36), (8.86, 8.96, 17.98)),
    "VGG-16": ((49.09, 46.99, 33.43), (35.77, 33.78, 25.76), (15.92, 17.10, 26.43), (9.69, 11.71, 18.45)),
}
ITEMS = 250
CHOICE = {PIXEL: 115.75, ABLATION: 78.50, GRAD: 40.25, "same": 15.50}
RATING = 1.48
PEOPLE = 15
PHOTOS = 50_000


def printed(table: str, metric: Metric, method: str) -> float | None:
    """A cell of table 1 (ResNet-50) or 2 (VGG-16); None where the paper has none."""
    if table not in TABLES or method not in METHODS:
        return None
    return TABLES[table][METRICS.index(metric)][METHODS.index(method)]
