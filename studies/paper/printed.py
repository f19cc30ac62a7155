"""What the paper prints: its tables 1 and 2, the scores and the design of its two studies; and what its authors' public
code says where the paper is silent. Nothing here is ours."""

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
STUDY_CLASSES, PER_CLASS = 5, 50
F1_ABOVE = 0.94
TOP_SHARE = 0.01
ANSWERS_PER_ITEM = 4  # not printed: every score is a multiple of 0.25, and a photo is worth 1.00
CHOICE = {PIXEL: 115.75, ABLATION: 78.50, GRAD: 40.25, "same": 15.50}
RATING = 1.48
PEOPLE = 15
PHOTOS = 50_000
CLASSES = 1000
PHOTO_NAMES = "ILSVRC2012_val_"
SHARE_KEPT = 0.2
# of the cases, it says; 115.75 of the 234.50 that are not “same” come nearest to it, with 49.36
SHARE_WITHOUT_SAME = 49.35


@dataclass(frozen=True)
class NetworkOfTheirs:
    """A network as the authors' public code has it: torchvision's weights IMAGENET1K_V1, and where it is cut.

    layers   the names of that place here: the last part of a sequence gives what the sequence gives
    squash   the side that photos are resized to, without regard to their shape
    """

    load: str
    weights: str
    file: str
    cut: str
    layers: tuple[str, ...]
    squash: int = 224


NETWORKS = {
    "ResNet-50": NetworkOfTheirs(
        "torchvision:resnet50", "IMAGENET1K_V1", "resnet50-0676ba61.pth", "layer4[-1]", ("layer4", "layer4.2")
    ),
    "VGG-16": NetworkOfTheirs(
        "torchvision:vgg16",
        "IMAGENET1K_V1",
        "vgg16-397923af.pth",
        "features[-1]",
        ("features.30", "features"),
    ),
}


def printed(table: str, metric: Metric, method: str) -> float | None:
    """A cell of table 1 (ResNet-50) or 2 (VGG-16); None where the paper has none."""
    if table not in TABLES or method not in METHODS:
        return None
    return TABLES[table][METRICS.index(metric)][METHODS.index(method)]
