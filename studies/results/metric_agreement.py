"""Human choices and map metrics: does a figure of the maps, from stored evaluations, predict what people chose?

`humans_beside(study=…, figure="average-drop")` for one figure, `all_figures(study=…)` for every figure that has its rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

from explain.evaluation import EvaluationProtocol, evaluation_hash, find_protocol
from explain.models import Evaluation
from studies.analysis.association import (
    Association,
    Correlation,
    Group,
    all_at_once,
    associations_of,
    groups_by_figure,
)
from studies.analysis.table import Choices
from studies.models import ItemMap, Study
from studies.trial_types import trial_type_of

from .answers import Reading
from .part import part_of

DRAWS = 1000
Key = tuple[
    int, int | None, str, str, int | None, str
]  # photo, network, layer, method, target, hash of the evaluation


@dataclass(frozen=True)
class Figure:
    """A figure of one map on one photo. `of` returns None where it does not exist there."""

    name: str
    title: str
    protocol: str  # what it is taken from unless another is named
    higher_is_better: bool
    of: Callable[[Evaluation], float | None]


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
        Figure("average-drop", "% drop in confidence", "paper", False, Evaluation.drop),
        Figure(
            "activation-drop",
            "% drop in activation",
            "paper",
            False,
            partial(Evaluation.drop, score="activation"),
        ),
        Figure("increase", "increase in confidence (1 or 0)", "paper", True, _increase),
        Figure("insertion", "area under insertion", "curves", True, _field("insertion")),
        Figure("deletion", "area under deletion", "curves", False, _field("deletion")),
        Figure("iou", "IoU of the map's box at 30 %", "paper", True, _field("iou_30")),
        Figure("pointing", "pointing game (1 or 0)", "paper", True, _field("pointing")),
        Figure("energy", "share of the map in the boxes", "paper", True, _field("energy")),
    )
}


OF_BOXES = ("iou", "pointing", "energy")
PROTOCOLS_OF_FIGURES = tuple(dict.fromkeys(figure.protocol for figure in FIGURES.values()))
NOT_COMPUTED = "Not computed yet for the maps that participants saw. The page “Human choices and map metrics” of the study has it computed."


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
    not_measured: int = 0  # maps that lack a row of the protocol and can get one

    @cached_property
    def groups(self) -> list[Group]:
        """The mean share where the figure is low, higher, …; empty without points."""
        return groups_by_figure([p.x for p in self.points], [p.y for p in self.points]) if self.points else []


class _Ground:
    """What the comparison of every figure starts from, read once."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.study = reading, reading.study
        self.who = reading.part.who
        self.simulated = self.who != "real" and self.study.participants.filter(simulated=True).exists()
        self.arms = list(self.study.arms.select_related("network", "map_set__network").order_by("index"))
        self.maps_shown = reading.maps_shown
        self.rows: dict[str, dict[Key, Evaluation]] = {}
        self.lacking: dict[str, list[int]] = {}

    @cached_property
    def choices(self) -> Choices | None:
        """The answers, where they give arms shares."""
        answers = self.reading.answers if trial_type_of(self.study).results.gives_shares else None
        return answers if isinstance(answers, Choices) else None

    @cached_property
    def answered(self) -> set[int]:
        return set() if self.choices is None else set(self.choices.items.tolist())

    @cached_property
    def can_be_measured(self) -> bool:
        """Whether figures can be held against the answers of such a study, and every map of it can have them."""
        all_at_once = self.maps_shown == len(self.arms) and trial_type_of(self.study).results.gives_shares
        return all_at_once and len(self.measurable) == len(self.shown)

    @cached_property
    def shown(self) -> list[ItemMap]:
        maps = ItemMap.objects.filter(item__study=self.study).select_related("item__image", "arm", "map")
        return list(maps.defer("map__values", "map__manifest").order_by("item__index", "arm__index"))

    @cached_property
    def measurable(self) -> list[ItemMap]:
        """The maps that people saw and that can be measured: those that a network made, of a class that somebody named."""
        return [row for row in self.shown if row.map.network_id is not None and row.map.target is not None]

    @cached_property
    def has_boxes(self) -> bool:
        return any(row.item.image.boxes for row in self.shown)

    def not_measured(self, by: EvaluationProtocol) -> list[int]:
        """The keys of the maps that lack a row of a protocol and can get one, in the order of their photos."""
        if not self.can_be_measured:
            return []
        if by.name not in self.lacking:
            stored = self.evaluations(by)
            self.lacking[by.name] = [row.map_id for row in self.shown if _key_of(row, by) not in stored]
        return self.lacking[by.name]

    def evaluations(self, by: EvaluationProtocol) -> dict[Key, Evaluation]:
        """The stored rows of a protocol about the study's photos."""
        if by.name not in self.rows:
            images = self.study.items.values("image")
            evaluations = Evaluation.objects.filter(protocol=by.name, image__in=images)
            self.rows[by.name] = {_row_key(row): row for row in evaluations}
        return self.rows[by.name]


def humans_beside(
    *, study: Study, figure: str, protocol: str | None = None, who: str | None = None, draws: int = DRAWS
) -> HumansBeside:
    """Rank correlation between each arm's share of an item's answers and the arm's figure on that item.

    Stored rows are read (metrics_job.py has them made, or `manage.py evaluate`), nothing is measured here. Intervals are two-way bootstraps from the study's seed.
    Raises BadInputError for a protocol, UnknownPartError for a `who`, KeyError for a figure that does not exist.
    """
    measure = FIGURES[figure]
    ground = _Ground(Reading(study, part_of(study, who)))
    return _beside(ground, [(measure, find_protocol(protocol or measure.protocol))], draws)[0]


def all_figures(*, study: Study, who: str | None = None, draws: int = DRAWS) -> list[HumansBeside]:
    """Every figure, in the order of FIGURES; those without rows come with a note that says how to get them."""
    return figures_of(Reading(study, part_of(study, who)), draws=draws)


def figures_of(reading: Reading, *, draws: int = DRAWS) -> list[HumansBeside]:
    """`all_figures` of answers that are read already."""
    ground = _Ground(reading)
    wanted = [(measure, find_protocol(measure.protocol)) for measure in FIGURES.values()]
    return _beside(ground, wanted, draws)


Wanted = tuple[Figure, EvaluationProtocol]


def _beside(ground: _Ground, wanted: list[Wanted], draws: int) -> list[HumansBeside]:
    """One row for each figure that is wanted; all figures of the same items are compared by the same draws."""
    rows = [_empty(ground, *each) for each in wanted]
    if ground.choices is None:
        note = (
            f"A {ground.study.task} study gives no arm a share of the answers, so there is nothing to compare with "
            "figures of the maps."
        )
        return [replace(row, note=note) for row in rows]
    if ground.maps_shown < len(ground.arms):
        note = (
            f"Each trial shows {ground.maps_shown} of the {len(ground.arms)} arms, so an arm’s share of the answers about "
            "a photo depends on which arms were shown with it: there are no shares to compare."
        )
        return [replace(row, note=note) for row in rows]
    figures = [_figures(ground, *each) for each in wanted]
    with_figure = [place for place, values in enumerate(figures) if values]
    turned = [_turned(figures[place], wanted[place][0]) for place in with_figure]
    associations = associations_of(ground.choices, turned, draws=draws, seed=ground.study.seed)
    compared = dict(zip(with_figure, _at_once(ground.choices, associations), strict=True))
    return [
        _filled(ground, row, each, values, compared.get(place))
        for place, (row, each, values) in enumerate(zip(rows, wanted, figures, strict=True))
    ]


def _at_once(choices: Choices, associations: list[Association]) -> list[Association]:
    """The same with intervals that hold for all figures at once: of ρ within items, and of ρ over all pairs."""
    if not associations:
        return associations
    units = min(choices.units.people, choices.units.items)
    within = all_at_once([one.within for one in associations], units)
    across = all_at_once([one.across for one in associations], units)
    return [
        replace(one, within=inside or one.within, across=over or one.across)
        for one, inside, over in zip(associations, within, across, strict=True)
    ]


def _empty(ground: _Ground, measure: Figure, by: EvaluationProtocol) -> HumansBeside:
    return HumansBeside(
        study=ground.study.slug,
        who=ground.who,
        simulated=ground.simulated,
        figure=measure.name,
        title=measure.title,
        protocol=by.name,
        higher_is_better=measure.higher_is_better,
        arms=tuple(arm.name for arm in ground.arms),
        items=0,
        items_without=0,
        not_measured=len(ground.not_measured(by)) if ground.answered else 0,
    )


def _turned(figures: dict[int, list[float]], measure: Figure) -> dict[int, list[float]]:
    """The figures, negated where less is better: of what comes back more is better."""
    sign = 1 if measure.higher_is_better else -1
    return {item: [sign * value for value in values] for item, values in figures.items()}


def _filled(
    ground: _Ground,
    row: HumansBeside,
    wanted: Wanted,
    figures: dict[int, list[float]],
    association: Association | None,
) -> HumansBeside:
    without = len(ground.answered) - len(figures)
    if association is None:
        return replace(row, items_without=without, note=_nothing(ground, *wanted))
    some_lack = f"{without} of {len(ground.answered)} items with answers lack the figure, and are left out."
    return replace(
        row,
        items=len(figures),
        items_without=without,
        across=association.across,
        within=association.within,
        points=_points(association, figures),
        note=some_lack if without else "",
    )


def _figures(ground: _Ground, measure: Figure, by: EvaluationProtocol) -> dict[int, list[float]]:
    """Index of an item with answers -> the figure of each arm, where every arm has it."""
    stored = ground.evaluations(by) if ground.answered else {}
    by_item: dict[int, dict[int, float]] = {}
    for item_map in ground.shown if stored else []:
        row = stored.get(_key_of(item_map, by))
        value = measure.of(row) if row else None
        if value is not None and item_map.item.index in ground.answered:
            by_item.setdefault(item_map.item.index, {})[item_map.arm.index] = value
    arms = range(len(ground.arms))
    return {
        item: [by_arm[arm] for arm in arms] for item, by_arm in by_item.items() if len(by_arm) == len(arms)
    }


def _row_key(row: Evaluation) -> Key:
    return row.image_id, row.network_id, row.layer, row.method, row.target, row.parameters_hash


def _key_of(item_map: ItemMap, by: EvaluationProtocol) -> Key:
    """The evaluation of exactly the map that people saw."""
    map_row = item_map.map
    row_hash = evaluation_hash(map_row.parameters_hash, by, item_map.item.image.boxes)
    return map_row.image_id, map_row.network_id, map_row.layer, map_row.method, map_row.target, row_hash


def _nothing(ground: _Ground, measure: Figure, by: EvaluationProtocol) -> str:
    if not ground.answered:
        return "No answers are counted yet, so there is nothing to compare."
    if len(ground.measurable) < len(ground.shown):
        return "No item has this figure for every arm: nothing measures maps that were made elsewhere."
    if measure.name in OF_BOXES and not ground.has_boxes:
        return "No photo of the study has boxes, and this figure needs them: it cannot be computed."
    if ground.not_measured(by):
        return NOT_COMPUTED
    return "No item has this figure for every arm, though all maps are measured."


def maps_to_measure(study: Study) -> dict[str, list[int]]:
    """By the name of a protocol the maps that people of a study saw and that lack its row; only protocols that lack any.

    Empty where no figure of maps can be held against the answers of such a study, or maps were made elsewhere.
    """
    ground = _Ground(Reading(study, part_of(study)))
    lacking = {name: ground.not_measured(find_protocol(name)) for name in PROTOCOLS_OF_FIGURES}
    return {name: maps for name, maps in lacking.items() if maps}


def _points(association: Association, figures: dict[int, list[float]]) -> tuple[Point, ...]:
    return tuple(
        Point(item=item, arm=arm, x=figures[item][arm], y=float(association.shares[row, arm]))
        for row, item in enumerate(association.items.tolist())
        for arm in range(association.shares.shape[1])
    )
