"""Named worlds whose truth is known: studies of them are simulated to see whether intervals and tests keep their promise.

Arms are equal on average over people and photos, so every difference is truly zero, as is the mean rating, unless a lead is asked for; “same”
has the stated share. What differs is who answers how often, and how people and photos are spread. A study is drawn anew each time: other people,
other photos.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from studies.analysis.answers import RATING_LIMIT, SAME
from studies.analysis.distributions import crossing
from studies.analysis.power.models import levels_for

ARMS = 3
POPULATION = 200_000


def normal(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(size)


def heavy(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Student's t with two degrees of freedom, cut so far out that shares stay what they are said to be."""
    return np.clip(rng.standard_t(2, size), -8, 8)


def two_kinds(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Photos of two kinds, each speaking plainly for another arm."""
    kind = np.where(rng.random((size[0], 1)) < 0.5, 1.5, -1.5)
    lean = np.hstack([kind, -kind, np.zeros((size[0], 2))])
    return lean[:, : size[1]] + 0.3 * rng.standard_normal(size)


@dataclass(frozen=True)
class World:
    """One world and the design of its studies."""

    name: str
    people: int
    items: int
    each: int  # answers to an item
    spread_items: float
    spread_people: float
    same: float = 0.06
    activity: tuple[float, ...] = ()  # how often each person answers, relative to others; empty: all alike
    draw_people: Callable = normal
    draw_items: Callable = normal
    careless: float = 0.0  # share of people who press any button
    identical: float = 0.0  # share of photos on which the arms are the same picture
    drop_out: float = 0.0  # how much more those answer who like the first arm
    warned: str = ""  # why a page warns of this one; its figures are then told, not judged

    @property
    def true_same(self) -> float:
        same = (1 - self.identical) * self.same + self.identical * 0.9
        return (1 - self.careless) * same + self.careless / (ARMS + 1)


def zipf(people: int, top: float) -> tuple[float, ...]:
    """Activity like 1/rank^s, with s such that the most active gives the share `top` of all answers."""
    low, high = 0.0, 5.0
    ranks = np.arange(1, people + 1)
    for _ in range(60):
        middle = (low + high) / 2
        share = 1 / (ranks**-middle).sum()
        low, high = (middle, high) if share < top else (low, middle)
    return tuple((ranks**-low / (ranks**-low).sum()).tolist())


HALF = (0.5, *[0.5 / 14] * 14)
WORLDS = [
    World("60 people × 60 photos, spreads 1/1", 60, 60, 60, 1.0, 1.0),
    World("40 × 40, 20 each, .8/.8", 40, 40, 20, 0.8, 0.8),
    World("250 photos × 150 people, 6 each, 1/.8", 150, 250, 6, 1.0, 0.8),
    World("100 photos × 30 people, 10 each, .8/.5", 30, 100, 10, 0.8, 0.5),
    World("250 photos × 60 people, 4 each, .8/.5", 60, 250, 4, 0.8, 0.5),
    World("250 photos × 15 people, 4 each, .8/.5", 15, 250, 4, 0.8, 0.5),
    World("nobody and nothing differs, 15 people", 15, 250, 4, 0.0, 0.0),
    World("Zipf, top rater 20 %, 15 people", 15, 250, 4, 0.8, 0.5, activity=zipf(15, 0.2)),
    World("Zipf, top rater 20 %, 40 people", 40, 250, 4, 0.8, 0.5, activity=zipf(40, 0.2)),
    World("one of 15 gives half", 15, 250, 4, 0.8, 0.5, activity=HALF, warned="one rater gives half of all answers"),
    World("heavy-tailed people, 15", 15, 250, 4, 0.8, 0.4, draw_people=heavy),
    World("5 people", 5, 250, 4, 0.8, 0.5),
    World("200 people × 3 answers", 200, 150, 4, 0.8, 0.5),
    World("3 of 15 are careless", 15, 250, 4, 0.8, 0.5, careless=0.2),
    World("two kinds of photos", 15, 250, 4, 0.8, 0.5, draw_items=two_kinds),
    World("“same” 50 %", 15, 250, 4, 0.8, 0.5, same=0.5),
    World("“same” 1 %, 40 photos", 15, 40, 4, 0.8, 0.5, same=0.01),
    World("arms identical on 30 % of photos", 15, 250, 4, 0.8, 0.5, identical=0.3),
    World("six photos", 30, 6, 30, 0.8, 0.5),
    World("10 × 10", 10, 10, 10, 0.8, 0.5),
    World("drop-out tied to taste", 60, 250, 4, 0.8, 1.0, drop_out=1.5, warned="who stays differs from who leaves"),
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Study:
    items: np.ndarray
    participants: np.ndarray
    values: np.ndarray


class Choices:
    """Studies of choices in a world: arm indices, or −1 for “same”. `lead`: of the first arm's share over the second's, where nobody is
    careless and no arms are identical."""

    def __init__(self, world: World, lead: float = 0.0) -> None:
        self.world = world
        random = np.random.default_rng(0)
        shares = np.array([*[(1 - world.same) / ARMS] * ARMS, world.same])
        shares[:2] += lead / 2, -lead / 2
        size = (POPULATION, ARMS + 1)
        tastes = world.spread_items * world.draw_items(random, size)
        tastes += world.spread_people * world.draw_people(random, size)
        self.level = levels_for(shares, tastes)
        if not lead:
            self.level[:2] = self.level[:2].mean()  # the two are alike, whatever the draws say
        alike = np.array([*[0.1 / ARMS] * ARMS, 0.9])
        shares = (1 - world.identical) * shares + world.identical * alike
        self.shares = (1 - world.careless) * shares + world.careless / (ARMS + 1)  # the true ones

    def study(self, rng: np.random.Generator) -> Study:
        world, wide = self.world, ARMS + 1
        of_people = world.spread_people * world.draw_people(rng, (world.people, wide))
        of_items = world.spread_items * world.draw_items(rng, (world.items, wide))
        likes = of_people[:, 0] - of_people[:, 1]
        item, person = deal(world, rng, likes)
        latent = self.level + of_items[item] + of_people[person]
        if world.identical:
            alike = rng.random(world.items) < world.identical
            nine_of_ten = rng.random(len(item)) < 0.9
            latent[alike[item]] = 0
            latent[alike[item], ARMS] = np.where(nine_of_ten[alike[item]], 50, -50)
        latent[(rng.random(world.people) < world.careless)[person]] = 0
        picked = np.argmax(latent + rng.gumbel(size=latent.shape), axis=1)
        return Study(item, person, np.where(picked == ARMS, SAME, picked))


class Ratings:
    """Studies of ratings in a world: a latent value with mean zero, rounded; spreads are those of choices, as they are. `mean`: the
    rating's, where nobody is careless."""

    def __init__(self, world: World, mean: float = 0.0) -> None:
        self.world = replace(world, identical=0)
        random, size = np.random.default_rng(0), (2 * POPULATION, 1)
        latent = world.spread_items * world.draw_items(random, size)
        latent += world.spread_people * world.draw_people(random, size)
        latent += random.standard_normal(size)
        self.middle = (
            crossing(lambda at: mean - float(rated(latent + at).mean()), -20.0, 20.0) if mean else 0.0
        )
        steps = np.bincount(rated(latent[:, 0] + self.middle) + RATING_LIMIT, minlength=len(SCALE)) / len(
            latent
        )
        self.shares = (1 - world.careless) * steps + world.careless / len(SCALE)  # the true ones of SCALE

    def study(self, rng: np.random.Generator) -> Study:
        world = self.world
        of_people = world.spread_people * world.draw_people(rng, (world.people, 1))[:, 0]
        of_items = world.spread_items * world.draw_items(rng, (world.items, 1))[:, 0]
        item, person = deal(world, rng, of_people)
        exact = self.middle + of_items[item] + of_people[person] + rng.standard_normal(len(item))
        careless = (rng.random(world.people) < world.careless)[person]
        exact[careless] = rng.integers(-RATING_LIMIT, RATING_LIMIT + 1, int(careless.sum()))
        return Study(item, person, rated(exact))


SCALE = np.arange(-RATING_LIMIT, RATING_LIMIT + 1)


def rated(exact: np.ndarray) -> np.ndarray:
    return np.clip(np.round(exact), -RATING_LIMIT, RATING_LIMIT).astype(int)


def deal(world: World, rng: np.random.Generator, likes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) items and (n,) people: each item answered by `each` different people, those more often who are more active."""
    if world.each >= world.people:
        return np.divmod(np.arange(world.items * world.people), world.people)
    activity = np.array(world.activity or [1 / world.people] * world.people)
    if world.drop_out:
        activity = np.clip(np.exp(world.drop_out * likes), 0.1, 1)
    # Efraimidis & Spirakis (2006): the largest keys u^(1/w) are a draw without replacement by weight
    keys = np.log(rng.random((world.items, world.people))) / (activity / activity.sum() * world.people)
    if (
        world.activity == HALF
    ):  # somebody who answers twice in four is asked about half of the items twice: not possible
        keys[:, 0] = 0  # so they answer about every item, with one other for each
        people = np.argsort(-keys, axis=1)[:, :2]
        return np.repeat(np.arange(world.items), 2), people.ravel()
    people = np.argsort(-keys, axis=1)[:, : world.each]
    return np.repeat(np.arange(world.items), world.each), people.ravel()
