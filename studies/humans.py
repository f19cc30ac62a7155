"""Humans beside metrics: does a figure of the maps, from stored evaluations, predict what people chose?

`humans_beside(study=…, figure="average-drop")` for one figure, `all_figures(study=…)` for every figure that has its rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from explain.evaluation_protocols import EvaluationProtocol, evaluation_hash, find_protocol
from explain.models import Evaluation

from .analysis.association import Association, Correlation, association
from .models import ItemMap, Study
from .results import Answers, answers, check_who, default_who

Key = tuple[int, int, str, str, int, str]  # photo, network, layer, method, target, hash of the evaluation


@dataclass(frozen=True)
class Figure:
    """A figure of one map on one photo. `of` returns None where it does not exist there."""

    name: str
    title: str
    protocol: str  # what it is taken from unless another is named
    higher_is_better: bool
    of: Callable[[Evaluation], float | None]


def _drop(score: str) -> Callable[[Evaluation], float | None]:
    def of(row: Evaluation) -> float | None:
        whole, left = getattr(row, score), getattr(row, f"{score}_left")
        return None if left is None or whole <= 0 else 100 * max(0.0, whole - left) / whole

    return of


def _increase(row: Evaluation) -> float | None:
    left = row.confidence_left
    return None if left is None or row.confidence <= 0 else float(row.confidence < left)


def _field(name: str) -> Callable[[Evaluation], float | None]:
    def of(row: Evaluation) -> float | None:
        value = getattr(row, name)
        return None if value is None else float(value)

    return of


FIGURES = {
    figure.name: figure
    for figure in (
        Figure("average-drop", "% drop in confidence", "paper", False, _drop("confidence")),
        Figure("activation-drop", "% drop in activation", "paper", False, _drop("activation")),
        Figure("increase", "increase in confidence (1 or 0)", "paper", True, _increase),
        Figure("insertion", "area under insertion", "curves", True, _field("insertion")),
        Figure("deletion", "area under deletion", "curves", False, _field("deletion")),
        Figure("iou", "IoU of the map's box at 30 %", "paper", True, _field("iou_30")),
        Figure("pointing", "pointing game (1 or 0)", "paper", True, _field("pointing")),
        Figure("energy", "share of the map in the boxes", "paper", True, _field("energy")),
    )
}


@dataclass(frozen=True)
class Point:
    """One arm on one item: for a scatter plot, x the figure as it is, y the share of the item's answers (0..1)."""

    item: int
    arm: int
    x: float
    y: float


@dataclass(frozen=True)
class HumansBeside:
    """How far one figure goes with people's choices.

    Correlations are turned so that positive means that people choose what the figure calls better. Both are None, and
    `note` says why, where there is nothing to compare. `who` says whose answers; simulated ones are marked.
    """

    study: str
    who: str
    simulated: bool
    figure: str
    title: str
    protocol: str
    higher_is_better: bool
    arms: tuple[str, ...]
    items: int
    items_without: int  # items with answers of which an arm lacks the figure
    across: Correlation | None = None
    within: Correlation | None = None
    points: tuple[Point, ...] = ()
    note: str = ""


def humans_beside(
    *, study: Study, figure: str, protocol: str | None = None, who: str | None = None, draws: int = 1000
) -> HumansBeside:
    """Rank correlation between each arm's share of an item's answers and the arm's figure on that item.

    Rows of `manage.py evaluate` are read, nothing is computed of them. Intervals are two-way bootstraps from the study's seed.
    Raises BadInputError for a protocol, UnknownWhoError for a `who`, KeyError for a figure that does not exist.
    """
    measure = FIGURES[figure]
    by = find_protocol(protocol or measure.protocol)
    who = check_who(who or default_who(study))
    empty = HumansBeside(
        study=study.slug,
        who=who,
        simulated=who != "real" and study.participants.filter(simulated=True).exists(),
        figure=figure,
        title=measure.title,
        protocol=by.name,
        higher_is_better=measure.higher_is_better,
        arms=tuple(study.arms.order_by("index").values_list("name", flat=True)),
        items=0,
        items_without=0,
    )
    if study.task != Study.Task.CHOICE:
        return replace(
            empty, note="Only a choice study gives each arm a share of the answers; this study rates."
        )
    return _compared(study, measure, by, answers(study, who), empty, draws)


def _compared(
    study: Study, measure: Figure, by: EvaluationProtocol, given: Answers, empty: HumansBeside, draws: int
) -> HumansBeside:
    arms = len(empty.arms)
    answered = set(given.items.tolist())
    figures = {
        item: values for item, values in _figures(study, measure, by, arms).items() if item in answered
    }
    without = len(answered) - len(figures)
    if not figures:
        return replace(empty, items_without=without, note=_nothing(study, measure, by, bool(answered)))
    sign = 1 if measure.higher_is_better else -1
    turned = {item: [sign * value for value in values] for item, values in figures.items()}
    found = association(
        given.items, given.participants, given.values, turned, arms, draws=draws, seed=study.seed
    )
    some_lack = f"{without} of {len(answered)} items with answers lack the figure, and are left out."
    return replace(
        empty,
        items=len(figures),
        items_without=without,
        across=found.across,
        within=found.within,
        points=_points(found, figures),
        note=some_lack if without else "",
    )


def all_figures(*, study: Study, who: str | None = None, draws: int = 1000) -> list[HumansBeside]:
    """Every figure, in the order of FIGURES; those without rows come with a note that says how to make them."""
    return [humans_beside(study=study, figure=name, who=who, draws=draws) for name in FIGURES]


def _figures(study: Study, measure: Figure, by: EvaluationProtocol, arms: int) -> dict[int, list[float]]:
    """Item's index -> the figure of each arm, for items of which every arm has it."""
    shown = ItemMap.objects.filter(item__study=study).select_related("item__image", "arm", "map")
    images = study.items.values("image")
    stored = {_row_key(row): row for row in Evaluation.objects.filter(protocol=by.name, image__in=images)}
    found: dict[int, dict[int, float]] = {}
    for one in shown.defer("map__values", "map__manifest"):
        row = stored.get(_key_of(one, by))
        value = measure.of(row) if row else None
        if value is not None:
            found.setdefault(one.item.index, {})[one.arm.index] = value
    return {
        item: [by_arm[arm] for arm in range(arms)] for item, by_arm in found.items() if len(by_arm) == arms
    }


def _row_key(row: Evaluation) -> Key:
    return row.image_id, row.network_id, row.layer, row.method, row.target, row.parameters_hash


def _key_of(one: ItemMap, by: EvaluationProtocol) -> Key:
    """The evaluation of exactly the map that people saw."""
    made = one.map
    row_hash = evaluation_hash(made.parameters_hash, by, one.item.image.boxes)
    return made.image_id, made.network_id, made.layer, made.method, made.target, row_hash


def _nothing(study: Study, measure: Figure, by: EvaluationProtocol, answered: bool) -> str:
    if not answered:
        return "No answers are counted yet, so there is nothing to compare."
    arms = list(study.arms.select_related("network"))
    names = ",".join(dict.fromkeys(arm.network.name for arm in arms))
    methods = ",".join(dict.fromkeys(arm.method for arm in arms))
    first = study.items.select_related("image__image_set").first()
    chosen = first.image.image_set.name if first else "SET"
    boxes = " boxes of the photos, and" if measure.name in ("iou", "pointing", "energy") else ""
    return (
        f"No item has this figure for every arm. It needs{boxes} "
        f"manage.py evaluate {chosen} --networks {names} --methods {methods} --protocol {by.name}"
    )


def _points(found: Association, figures: dict[int, list[float]]) -> tuple[Point, ...]:
    return tuple(
        Point(item=item, arm=arm, x=figures[item][arm], y=float(found.shares[row, arm]))
        for row, item in enumerate(found.items.tolist())
        for arm in range(found.shares.shape[1])
    )
