"""How much a mean of answers rests on each person: their own mean, and everybody else's. Closed form, no answer is read twice."""

import numpy as np

from .intervals import Per
from .table import Units


def by_person(units: Units, values: np.ndarray, per: Per = "items") -> tuple[np.ndarray, np.ndarray]:
    """(people,) the mean of each person's answers alone, and (people,) that of all answers without theirs.

    values (n,): what each answer says. `per`: what counts once in the mean, as everywhere. The second is nan where nobody else
    answered; an item that only one person answered is not in the mean without them.

    >>> units = Units(np.array([1, 2]), np.array([0, 0, 1]), np.array([7, 9]), np.array([0, 1, 1]))
    >>> [means.tolist() for means in by_person(units, np.array([1.0, 0.0, 0.0]))]
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if per == "items":
        return _per_item(units, values)
    counts = np.bincount(units.person, minlength=units.people)
    sums = np.bincount(units.person, values, minlength=units.people)
    own = sums / counts
    if per == "people":
        return own, _over(own.sum() - own, units.people - 1 + np.zeros(units.people))
    return own, _over(sums.sum() - sums, len(values) - counts)


def _per_item(units: Units, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cell, place = np.unique(units.person * units.items + units.item, return_inverse=True)
    person, item = np.divmod(cell, units.items)
    counts, sums = np.bincount(place), np.bincount(place, values)  # of one person about one item
    all_counts, all_sums = np.bincount(units.item), np.bincount(units.item, values)
    own = np.bincount(person, sums / counts) / np.bincount(person)
    means, left = all_sums / all_counts, all_counts[item] - counts
    changed = _over(all_sums[item] - sums, left)
    total = means.sum() + np.bincount(person, np.where(left > 0, changed, 0) - means[item])
    return own, _over(total, units.items - np.bincount(person, left == 0))


def _over(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """sums / counts, nan where there is nothing to count."""
    return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
