"""How many people a protocol needs: its own design, simulated with several numbers of people."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from explain.models import ImageSet
from studies.analysis.answers import AnswersError
from studies.analysis.power import (
    Assumptions,
    Design,
    EquivalencePower,
    Needed,
    equivalence_power,
    most_steps,
    people_needed,
    power,
    power_over,
)
from studies.protocol import (
    ON_COMMAND_LINE,
    Code,
    Fault,
    Protocol,
    ProtocolError,
    bounds_of,
    choose_classes,
    in_words,
    plan_in,
)
from studies.trial_types import Comparison, trial_type, trial_type_of

TIMES = (1, 1.5, 2, 3, 4)  # the fewest people that the protocol allows, times these
OF_EFFECT = (0.5, 0.75, 1, 1.25, 1.5)  # the assumed effect, times these: the rows of a picture


class TooFewPeopleError(AnswersError):
    """Power is asked for at fewer people than the design allows; `fault` says so as data."""

    def __init__(self, people: int, fault: Fault) -> None:
        super().__init__(f"--people {people}: {in_words(fault, ON_COMMAND_LINE)}")
        self.fault = fault


@dataclass(frozen=True)
class Photos:
    """How many items a study would have, and where the number comes from."""

    count: int
    source: str


@dataclass(frozen=True)
class PowerPoint:
    """What a study with so many people would find.

    answers_each  answers of each person, on average
    power         share of simulated studies in which the decision of the protocol finds what is assumed: Holm and looks included
    interval      95 % interval of that share: the simulation's own chance
    width         mean width of the studies' intervals, of what their trial type is judged by (`Power.width_of`); None if
                  no study had an interval
    equivalence   where nothing differs, the share of simulated studies that find “no difference that matters”; None where the
                  protocol declares no smallest effect
    """

    people: int
    answers_each: float
    power: float
    interval: tuple[float, float]
    width: float | None
    studies: int
    equivalence: EquivalencePower | None = None


@dataclass(frozen=True)
class PowerAnalysis:
    """A protocol's design, what was assumed, and the power at each number of people."""

    study: str
    task: str
    arms: int
    photos: Photos
    responses_per_item: int
    fewest_people: int
    assumptions: Assumptions
    points: tuple[PowerPoint, ...]
    notes: tuple[str, ...] = ()
    contrasts: int = 0  # declared
    looks: tuple[float, ...] = ()  # planned, as shares of the answers
    needed: Needed | None = None  # None: not asked for
    smallest_effect: float | None = None  # that matters, as declared
    decided_by: str = "everybody"  # or "kept": those whom the rules of exclusion keep
    comparison: str = Comparison.WITHIN.value  # how people meet arms

    @property
    def decision(self) -> str:
        """What a simulated study has to find, and how, as a sentence."""
        several = self.contrasts > 1
        what = "every declared comparison of the arm that is better" if several else "the comparison"
        if self.looks:
            return f"At one of {len(self.looks)} planned looks, people coming one after another, {what} must have p ≤ 1 − level."
        return f"{what[0].upper()}{what[1:]} must have p ≤ 0.05{', corrected by Holm' if several else ''}."

    @property
    def decision_of_equivalence(self) -> str:
        """The same of “no difference that matters”; empty where no smallest effect is declared."""
        if self.smallest_effect is None:
            return ""
        which = "every declared comparison" if self.contrasts > 1 else "the comparison"
        matters = f"{which} smaller than {self.smallest_effect:g} where nothing differs"
        if self.looks:
            return f"“No difference”: the share in which a look’s interval shows {matters}."
        holm = ", corrected by Holm" if self.contrasts > 1 else ""
        return f"“No difference”: the share in which two one-sided tests at 5 %{holm} find {matters}."

    @property
    def assumed(self) -> str:
        """What was taken for granted, as a sentence."""
        spread = f"photos differ by {self.assumptions.spread_items:g}, people by {self.assumptions.spread_people:g}"
        if self.comparison == Comparison.BETWEEN:
            spread += " in how high they answer and as much again in what they make of their arm"
        return trial_type(self.task).power.assumed(self.assumptions, self.arms, spread)

    @property
    def whose(self) -> str:
        """Whose answers are simulated, as a sentence; empty where everybody's decide."""
        if self.decided_by != "kept":
            return ""
        share = f"{self.assumptions.left_out:.0%}".replace("%", " %")
        return f"Of the people {share} are taken to be left out by the protocol’s rules; the others’ answers decide."

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "decision": self.decision,
            "decision_of_equivalence": self.decision_of_equivalence,
        }


def analyse_power(
    *,
    protocol: Protocol,
    people: Sequence[int] = (),
    assumptions: Assumptions | None = None,
    studies: int = 200,
    seed: int = 0,
    needed: bool = False,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> PowerAnalysis:
    """Power of the protocol's own design at each number of `people`, or at 1 to 4 times the fewest that it allows.

    `needed`: also how many people are enough. The same `seed` gives the same figures. `report(studies done, studies)` after each.
    Raises ProtocolError where the photos cannot be counted, TooFewPeopleError, and AnswersError for what else cannot be
    simulated.
    """
    photos = count_photos(protocol)
    fewest = fewest_people(protocol, photos.count)
    assumed = assumptions or Assumptions(effect=trial_type_of(protocol).power.effect)
    plan = plan_in(protocol.source, tuple(arm.name for arm in protocol.arms))
    if assumed.left_out and plan.decided_by != "kept":
        raise AnswersError(
            f"left out: {assumed.left_out:g} of the people would be, but everybody’s answers decide; leave it out, or set "
            'analysis.decided_by = "kept"'
        )
    numbers = sorted(set(people)) or _times(fewest)
    _check(protocol, numbers, fewest, studies)
    designs = [_design(protocol, photos.count, number) for number in numbers]
    worlds = 1 if designs[0].smallest is None else 2
    steps = _Steps(report, total=(len(designs) * worlds + needed * most_steps()) * studies)
    points = [_point(design, assumed, studies, seed, steps.one_more) for design in designs]
    enough = None
    if needed:
        enough = people_needed(
            designs[0], assumed, fewest=fewest, studies=studies, seed=seed, after_each=steps.one_more
        )
    steps.end()
    return PowerAnalysis(
        study=protocol.slug,
        task=protocol.task,
        arms=len(protocol.arms),
        photos=photos,
        responses_per_item=protocol.responses_per_item,
        fewest_people=fewest,
        assumptions=assumed,
        points=tuple(points),
        notes=tuple(_notes(protocol, photos.count, fewest)),
        contrasts=len(designs[0].contrasts),
        looks=tuple(look.fraction for look in designs[0].looks),
        needed=enough,
        smallest_effect=designs[0].smallest,
        decided_by=plan.decided_by,
        comparison=protocol.comparison.value,
    )


@dataclass(frozen=True)
class PowerPicture:
    """Power over people and effects: power[effect][people], None for an effect that no answers can have."""

    people: tuple[int, ...]
    effects: tuple[float, ...]
    power: tuple[tuple[float | None, ...], ...]
    studies: int


def picture_power(
    *,
    protocol: Protocol,
    assumptions: Assumptions,
    studies: int = 100,
    seed: int = 0,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> PowerPicture:
    """Power with 1 to 4 times the fewest people, and the people planned, at half to one and a half times the effect.

    Raises as `analyse_power` does.
    """
    photos = count_photos(protocol)
    fewest = fewest_people(protocol, photos.count)
    planned = [protocol.people] if protocol.people else []
    _check(protocol, [*planned, fewest], fewest, studies)
    people = sorted({*_times(fewest), *planned})
    effects = [round(times * assumptions.effect, 4) for times in OF_EFFECT]
    steps = _Steps(report, total=len(people) * len(effects) * studies)
    found = power_over(
        _design(protocol, photos.count, fewest),
        assumptions,
        people=people,
        effects=effects,
        studies=studies,
        seed=seed,
        after_each=steps.one_more,
    )
    steps.end()
    return PowerPicture(tuple(people), tuple(effects), tuple(map(tuple, found)), studies)


def _times(fewest: int) -> list[int]:
    return sorted({math.ceil(fewest * times) for times in TIMES})


def count_photos(protocol: Protocol) -> Photos:
    """The items that the protocol would have: those chosen from its set if that is here, else from its limits."""
    rule = protocol.rule
    if ImageSet.objects.filter(name=protocol.photo_set).exists():
        return Photos(choose_classes(protocol).count, f"the set {protocol.photo_set}")
    classes = rule.top_classes or len(rule.classes)
    if classes and rule.per_class:
        count = classes * rule.per_class
        return Photos(min(count, rule.limit or count), "photos.per_class; the set is not here yet")
    if rule.limit:
        return Photos(rule.limit, "photos.limit; the set is not here yet")
    raise ProtocolError(Fault(("photos", "set"), Code.NO_SET_NO_LIMIT, {"set": protocol.photo_set}))


def fewest_people(protocol: Protocol, items: int) -> int:
    """The fewest people who can give all answers: nobody gives more than `trials_per_participant`, or an item twice."""
    groups = protocol.comparison.groups(len(protocol.arms))
    return fewest(items, protocol.responses_per_item, protocol.trials_per_participant, groups)


def fewest(items: int, answers_each: int, trials_each: int, groups: int = 1) -> int:
    """`groups`: of people who share no arm, among whom the answers to each item are divided equally."""
    of_group = math.ceil(answers_each / groups)
    return groups * max(2, of_group, math.ceil(items * of_group / trials_each))


def _check(protocol: Protocol, numbers: Sequence[int], fewest: int, studies: int) -> None:
    if studies < 10:
        raise AnswersError(f"--studies {studies}: too few to tell a share of them; take 200, and at least 10")
    if min(numbers) < fewest:
        needs = {"trials": protocol.trials_per_participant, "answers": protocol.responses_per_item}
        fault = Fault(("recruitment", "people"), Code.TOO_FEW_PEOPLE, {"fewest": fewest, **needs})
        raise TooFewPeopleError(min(numbers), fault)


def _design(protocol: Protocol, items: int, people: int) -> Design:
    plan = plan_in(protocol.source, tuple(arm.name for arm in protocol.arms))
    return Design(
        items=items,
        participants=people,
        answers_per_item=protocol.responses_per_item,
        model=trial_type_of(protocol).power.model,
        arms=len(protocol.arms),
        contrasts=plan.contrasts,
        looks=bounds_of(plan.looks, len(plan.contrasts)) if plan.looks else (),
        primary=plan.primary,
        smallest=plan.smallest,
        between=protocol.comparison == Comparison.BETWEEN,
    )


class _Steps:
    """Counts simulated studies over all numbers of people."""

    def __init__(self, report: Callable[[int, int], object], total: int) -> None:
        self.report, self.total, self.done = report, total, 0
        report(0, total)

    def one_more(self) -> None:
        self.done += 1
        self.report(self.done, self.total)

    def end(self) -> None:
        """What was foreseen and not needed is done, too."""
        if self.done < self.total:
            self.report(self.total, self.total)


def _point(
    design: Design, assumed: Assumptions, studies: int, seed: int, one_more: Callable[[], None]
) -> PowerPoint:
    simulated = power(design, assumed, studies=studies, seed=seed, after_each=one_more)
    same = None
    if design.smallest is not None:
        same = equivalence_power(design, assumed, studies=studies, seed=seed, after_each=one_more)
    return PowerPoint(
        people=design.participants,
        answers_each=design.items * design.answers_per_item / design.participants,
        power=simulated.power,
        interval=simulated.interval,
        width=simulated.width,
        studies=studies,
        equivalence=same,
    )


def _notes(protocol: Protocol, items: int, fewest: int) -> Iterator[str]:
    answers = items * protocol.responses_per_item
    yield (
        f"{items} items × {protocol.responses_per_item} answers = {answers} answers, whoever gives them: "
        f"at most {protocol.trials_per_participant} each, so {fewest} people are the fewest."
    )
    if protocol.comparison == Comparison.BETWEEN:
        yield (
            "Each person meets one arm alone, so that nobody is compared with themselves: it takes more people than where everybody "
            'meets all arms (design.comparison = "within") to find the same difference.'
        )
