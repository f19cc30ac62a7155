"""Which classes and photos a study uses, chosen as the paper does, and why every other one is left out.

Plain data in, plain data out: no rows, no torch. The steps, in this order:

1. `classes`      the classes that are listed, if any are
2. `min_f1`       classes whose F1 is at least this for every network
3. `top_share`    classes among the best by F1 for every network: this share of its classes, at least one
4. `top_classes`  so many of the classes left, best first by the F1 of the network that is worst at them
5. `only_correct` photos that every network gets right
6. `per_class`    so many photos of each class, drawn by the seed
7. `limit`        so many photos in all, drawn by the seed; with `wrong_share` right and wrong ones each by themselves, so that
                  this share of them is wrong of some network, and as many as there can be without a limit

F1 is over the whole set (f1.py). Where classes are chosen by it, those of equal F1 are taken in an order drawn by the seed:
at F1 = 1.00 there may be hundreds, and the first by their names are no sample of them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from explain.core.streams import Stream

from .asked import ClassChoice, Rule
from .f1 import F1Table, Tally, Verdicts, f1_table
from .notes import notes_on
from .ranking import best_of, class_number, drawn_order, ranks


@dataclass(frozen=True)
class Photo:
    key: int
    name: str
    class_name: str
    sha256: str


@dataclass(frozen=True)
class PhotoChoice:
    """One photo; `reason` says why it is left out and is empty if it is chosen."""

    key: int
    name: str
    class_name: str
    reason: str


@dataclass(frozen=True)
class ClassesChoice:
    """Every class of the set, best first. `strange`: network -> the classes chosen that it does not know."""

    rule: Rule
    networks: tuple[str, ...]
    tables: tuple[F1Table, ...]
    classes: tuple[ClassChoice, ...]
    strange: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]

    @property
    def count(self) -> int:
        """The photos that the study uses."""
        return sum(choice.chosen for choice in self.classes)

    @property
    def of(self) -> int:
        """The photos of the set."""
        return sum(choice.photos for choice in self.classes)


@dataclass(frozen=True)
class Choice(ClassesChoice):
    """The classes chosen, and every photo of the set, by class and name, with the reason if it is left out."""

    photos: tuple[PhotoChoice, ...]

    @property
    def chosen(self) -> tuple[int, ...]:
        """Keys of the photos chosen, by class and name: an order that does not depend on when they came in."""
        return tuple(photo.key for photo in self.photos if not photo.reason)


def choose_classes(tallies: Iterable[Tally], networks: Sequence[str], rule: Rule) -> ClassesChoice:
    """Choose classes, and say how many photos of each a study uses: as many as `choose()` draws."""
    tallies = sorted(tallies, key=lambda tally: tally.class_name)
    tables = tuple(_table(tallies, place) for place in range(len(networks)))
    standings = _standings(tallies, tables, rule)
    reasons = _classes_left_out(standings, networks, rule)
    chosen = _counts([standing for standing in standings if standing.name not in reasons], rule)
    classes = tuple(
        replace(standing, chosen=chosen.get(standing.name, 0), reason=reasons.get(standing.name, ""))
        for standing in standings
    )
    return ClassesChoice(
        rule=rule,
        networks=tuple(networks),
        tables=tables,
        classes=classes,
        strange=_strange([tally for tally in tallies if chosen.get(tally.class_name)], networks),
        notes=tuple(notes_on(classes, networks, rule)),
    )


def choose(*, photos: Iterable[Photo], verdicts: Sequence[Verdicts], rule: Rule) -> Choice:
    """Choose among all photos of a set by what the networks say of them. The same input gives the same choice."""
    photos = sorted(photos, key=lambda photo: (photo.class_name, photo.name, photo.sha256))
    by_classes = choose_classes(_tallies(photos, verdicts), [verdict.network for verdict in verdicts], rule)
    by_class = {choice.name: choice.reason for choice in by_classes.classes if choice.reason}
    right = {photo.key for photo in photos if all(verdict.is_right(photo.key) for verdict in verdicts)}
    reasons = {photo.key: by_class[photo.class_name] for photo in photos if photo.class_name in by_class}
    for step in (_wrong, _beyond_per_class, _beyond_limit):
        left = [photo for photo in photos if photo.key not in reasons]
        reasons |= step(left, right, verdicts, rule)
    photo_choices = (PhotoChoice(p.key, p.name, p.class_name, reasons.get(p.key, "")) for p in photos)
    return Choice(**vars(by_classes), photos=tuple(photo_choices))


def _tallies(photos: Iterable[Photo], verdicts: Sequence[Verdicts]) -> list[Tally]:
    alike = Counter(
        (
            photo.class_name,
            tuple(verdict.labels[photo.key] for verdict in verdicts),
            tuple(verdict.top.get(photo.key) for verdict in verdicts),
        )
        for photo in photos
    )
    return [Tally(*key, count) for key, count in alike.items()]


def _table(tallies: Sequence[Tally], place: int) -> F1Table:
    """The F1 table of the network at a place."""
    counts: Counter[tuple[str, int | None, int | None]] = Counter()
    for tally in tallies:
        counts[tally.class_name, tally.labels[place], tally.says[place]] += tally.photos
    return f1_table(counts)


def _standings(tallies: Sequence[Tally], tables: Sequence[F1Table], rule: Rule) -> list[ClassChoice]:
    """Every class of the set, best first by the F1 of the network that is worst at it; nothing chosen yet.

    Classes of equal F1 stand in the order in which they are taken.
    """
    counts: Counter[str] = Counter()
    correct: Counter[str] = Counter()
    labels: dict[str, tuple[int | None, ...]] = {}
    for tally in tallies:
        counts[tally.class_name] += tally.photos
        correct[tally.class_name] += tally.photos * tally.right
        labels.setdefault(tally.class_name, tally.labels)
    f1 = [{class_f1.class_index: class_f1.f1 for class_f1 in table.classes} for table in tables]
    standings = []
    for name, count in counts.items():
        values = tuple(
            None if label is None else by_index.get(label)
            for label, by_index in zip(labels[name], f1, strict=True)
        )
        standings.append(ClassChoice(name, count, values, correct[name], 0, ""))
    drawn = {name: drawn_order(name, rule.seed) if rule.ranks else 0.0 for name in counts}
    return sorted(standings, key=lambda choice: (_best_first(choice), drawn[choice.name], choice.name))


def _strange(tallies: Sequence[Tally], networks: Sequence[str]) -> dict[str, tuple[str, ...]]:
    strange = {
        name: tuple(sorted({tally.class_name for tally in tallies if tally.labels[place] is None}))
        for place, name in enumerate(networks)
    }
    return {name: classes for name, classes in strange.items() if classes}


def _counts(left: Sequence[ClassChoice], rule: Rule) -> dict[str, int]:
    """Class -> how many of its photos are drawn. Photos are drawn by class and name, so places tell the class."""
    by_name = sorted(left, key=lambda choice: choice.name)
    counts = {choice.name: choice.correct if rule.only_correct else choice.photos for choice in by_name}
    if rule.wrong_share is not None:
        return _counts_in_shares(by_name, rule)
    if rule.per_class is not None:
        counts = {name: min(count, rule.per_class) for name, count in counts.items()}
    total = sum(counts.values())
    if rule.limit is None or rule.limit >= total:
        return counts
    places = _places(total, rule.limit, Stream.PHOTOS.of(rule.seed))
    of_class = np.searchsorted(np.cumsum(list(counts.values())), places, side="right")
    return dict(zip(counts, np.bincount(of_class, minlength=len(counts)).tolist(), strict=True))


def _counts_in_shares(by_name: Sequence[ClassChoice], rule: Rule) -> dict[str, int]:
    """The same where right and wrong photos are drawn each by themselves."""
    right = [choice.correct for choice in by_name]
    wrong = [choice.photos - choice.correct for choice in by_name]
    counts = np.zeros(len(by_name), int)
    for of_kind, wanted, seed in _strata(sum(right), sum(wrong), rule):
        places = _places(of_kind, wanted, seed)
        of_class = np.searchsorted(np.cumsum(wrong if seed[-1] else right), places, side="right")
        counts += np.bincount(of_class, minlength=len(by_name))
    return dict(zip((choice.name for choice in by_name), counts.tolist(), strict=True))


def _strata(right: int, wrong: int, rule: Rule) -> list[tuple[int, int, list[int]]]:
    """Of right photos and of wrong ones: how many there are, how many are drawn, and by which seed; its last number is 1 of the wrong."""
    share = rule.wrong_share
    assert share is not None
    most = min(wrong / share, right / (1 - share), rule.limit or np.inf)
    wanted_wrong = min(wrong, round(most * share))
    wanted_right = min(right, round(most * (1 - share)), int(most + 1e-9) - wanted_wrong)
    return [
        (of_kind, wanted, Stream.RIGHT_AND_WRONG.of(rule.seed, is_wrong))
        for is_wrong, (of_kind, wanted) in enumerate(((right, wanted_right), (wrong, wanted_wrong)))
    ]


def _best_first(choice: ClassChoice) -> float:
    return 1.0 if choice.least_f1 is None else -choice.least_f1


def _classes_left_out(standings: list[ClassChoice], names: Sequence[str], rule: Rule) -> dict[str, str]:
    """Class -> the first step that leaves it out, in words."""
    reasons: dict[str, str] = {}
    steps: list[Callable[[list[ClassChoice]], dict[str, str]]] = []
    if rule.classes:
        steps.append(
            lambda left: {choice.name: "not listed" for choice in left if choice.name not in rule.classes}
        )
    if rule.ranks:
        steps.append(lambda left: _unknown(left, names))
    if rule.min_f1 is not None:
        steps.append(lambda left: _under_floor(left, rule.min_f1 or 0))
    if rule.top_share is not None:
        steps.append(lambda left: _outside_top_share(left, standings, names, rule.top_share or 0, rule.seed))
    if rule.top_classes is not None:
        steps.append(lambda left: _beyond_top(left, rule.top_classes or 0))
    for step in steps:
        reasons |= step([choice for choice in standings if choice.name not in reasons])
    return reasons


def _under_floor(left: list[ClassChoice], floor: float) -> dict[str, str]:
    return {
        choice.name: f"F1 {choice.least_f1:.3f} is under {floor:g}"
        for choice in left
        if choice.least_f1 is not None and choice.least_f1 < floor
    }


def _unknown(left: list[ClassChoice], names: Sequence[str]) -> dict[str, str]:
    return {
        choice.name: f"{names[choice.f1.index(None)]} does not know it"
        for choice in left
        if choice.least_f1 is None
    }


def _outside_top_share(
    left: list[ClassChoice], standings: list[ClassChoice], names: Sequence[str], share: float, seed: int
) -> dict[str, str]:
    """Classes that are not among the best of every network, ranked among all classes that it knows."""
    reasons: dict[str, str] = {}
    for place, name in enumerate(names):
        rank = ranks(standings, place, seed)
        best = best_of(share, len(rank))
        for choice in left:
            if rank[choice.name] > best:
                why = f"number {rank[choice.name]} by F1 of {name}; its best {best} are asked for"
                reasons.setdefault(choice.name, why)
    return reasons


def _beyond_top(left: list[ClassChoice], count: int) -> dict[str, str]:
    return {
        choice.name: f"number {number} by F1; the best {count} are asked for"
        for number, choice in enumerate(left, start=1)
        if number > count
    }


def _wrong(left: list[Photo], right: set[int], verdicts: Sequence[Verdicts], rule: Rule) -> dict[int, str]:
    if not rule.only_correct:
        return {}
    return {
        photo.key: "; ".join(
            f"{verdict.network} says {verdict.says(photo.key)}"
            for verdict in verdicts
            if not verdict.is_right(photo.key)
        )
        for photo in left
        if photo.key not in right
    }


def _beyond_per_class(left: list[Photo], _right: object, _verdicts: object, rule: Rule) -> dict[int, str]:
    """Each class has a stream of its own, so that its draw does not depend on which other classes there are."""
    if rule.per_class is None:
        return {}
    by_class: dict[str, list[Photo]] = {}
    for photo in left:
        by_class.setdefault(photo.class_name, []).append(photo)
    reasons: dict[int, str] = {}
    for name, photos in by_class.items():
        kept = _drawn(photos, rule.per_class, Stream.PHOTOS_OF_CLASS.of(rule.seed, class_number(name)))
        why = f"not drawn: {rule.per_class} of the {len(photos)} of its class were"
        reasons |= {photo.key: why for photo in photos if photo.key not in kept}
    return reasons


def _beyond_limit(left: list[Photo], right: set[int], _verdicts: object, rule: Rule) -> dict[int, str]:
    if rule.wrong_share is not None:
        return _not_in_shares(left, right, rule)
    if rule.limit is None:
        return {}
    kept = _drawn(left, rule.limit, Stream.PHOTOS.of(rule.seed))
    why = f"not drawn: {rule.limit} of {len(left)} were"
    return {photo.key: why for photo in left if photo.key not in kept}


def _not_in_shares(left: list[Photo], right: set[int], rule: Rule) -> dict[int, str]:
    kinds = (
        [photo for photo in left if photo.key in right],
        [photo for photo in left if photo.key not in right],
    )
    reasons: dict[int, str] = {}
    strata = _strata(len(kinds[0]), len(kinds[1]), rule)
    for photos, (_, wanted, seed) in zip(kinds, strata, strict=True):
        kept = {photos[place].key for place in _places(len(photos), wanted, seed)}
        why = f"not drawn: {wanted} of the {len(photos)} that the network gets {'wrong' if seed[-1] else 'right'} were"
        reasons |= {photo.key: why for photo in photos if photo.key not in kept}
    return reasons


def _drawn(photos: Sequence[Photo], count: int, seed: list[int]) -> set[int]:
    if count >= len(photos):
        return {photo.key for photo in photos}
    return {photos[place].key for place in _places(len(photos), count, seed)}


def _places(of: int, count: int, seed: list[int]) -> np.ndarray:
    return np.random.default_rng(seed).choice(of, count, replace=False)
