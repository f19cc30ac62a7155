"""Answers about two of k arms with stated strengths, for tests."""

import numpy as np

from studies.analysis.paired import layout
from studies.analysis.paired.answers import Pairs, stored


def simulated(
    arms=5, photos=40, answers=6, people=15, reach=2.0, side=0.3, tie=-0.6, seed=1, with_orders=True
):
    """A table of answers: strengths from reach/2 down to −reach/2, in equal steps; nobody has a taste."""
    rng = np.random.default_rng(seed)
    rows = list(layout.rows(arms, photos, answers, seed))
    photo = np.array([item for item, _ in rows])
    left, right = np.array([order for _, order in rows]).T
    asked = {item: rng.permutation(people)[:answers].tolist() for item in range(photos)}
    person = np.array([asked[item].pop() for item in photo.tolist()])
    beta = reach * (0.5 - np.arange(arms) / (arms - 1))
    both = np.column_stack([beta[left] + side / 2, beta[right] - side / 2])
    utility = np.column_stack([both, tie + both.mean(axis=1)]) + rng.gumbel(size=(len(left), 3))
    shown = np.array([0, 1, -1])[np.argmax(utility, axis=1)]
    return table(photo, person, left, right, shown, arms, with_orders)


def table(photo, person, left, right, shown, arms, with_orders=True):
    left, right, shown = map(np.asarray, (left, right, shown))
    orders = np.full((len(left), arms), -1)
    if with_orders:
        orders[:, 0], orders[:, 1] = left, right
    return Pairs.of(photo, person, stored(left, right, shown), arms=arms, orders=orders, shown=shown)
