"""Do intervals of accuracy hold where people pick one of several maps, and is an explanation that does nothing seldom found to help?

    python -m bench.picking [--studies 1500]

Simulated studies whose truth is known: photos are harder or easier, people better or worse, and both by arm; each photo is shown with
each arm equally often, as the layout does it. Printed is how often the 95 % interval of an arm’s accuracy holds the truth, how often two
arms that are alike on average are found to differ, and how often an arm that is at chance is found above or below it.
"""

import argparse
from dataclasses import dataclass

import numpy as np

from studies.analysis.distributions import normal_quantile
from studies.analysis.picking import Kind, Picks, figures

CLASSES = 4


@dataclass(frozen=True)
class World:
    """Deviations are in units of the chance of single answers: `by_arm` is that of a person, and of a photo, for each arm."""

    name: str
    people: int = 60
    photos: int = 60
    each: int = 10
    spread: float = 0.4
    by_arm: float = 0.4
    accuracy: tuple[float, ...] = (0.25, 0.5, 0.5)

    def study(self, random: np.random.Generator) -> Picks:
        arms, turns = len(self.accuracy), self.people * self.each // self.photos
        begins = random.permutation(self.photos) % arms
        item = np.concatenate([random.permutation(self.photos) for _ in range(turns)])
        arm = (begins[item] + np.repeat(np.arange(turns), self.photos)) % arms
        person, n = np.arange(len(item)) // self.each, len(item)
        wide = np.sqrt(1 + 2 * self.spread**2 + 2 * self.by_arm**2)
        level = np.array([normal_quantile(share) for share in self.accuracy])[arm] * wide
        for unit, count in ((person, self.people), (item, self.photos)):
            level = level + random.normal(0, self.spread, count)[unit]
            level = level + random.normal(0, self.by_arm, (count, len(self.accuracy)))[unit, arm]
        right = random.integers(0, CLASSES, n)
        picked = np.where(level + random.standard_normal(n) > 0, right, (right + 1) % CLASSES)
        return Picks(
            items=item,
            participants=person,
            values=CLASSES * arm + picked,
            arm=arm,
            picked=picked,
            truths=2 * right + 1,
            classes=CLASSES,
        )


WORLDS = (
    World("people and photos differ, by arm too"),
    World("fewer: 24 people, 24 photos", people=24, photos=24, each=12),
    World("people and photos differ in all arms alike", by_arm=0.0, spread=0.6),
)


def measured(world: World, studies: int) -> tuple[float, float, float, float]:
    """Shares of studies in which the interval holds, two alike arms differ, chance is left; and the mean of an accuracy of 0.5."""
    held = differ = off_chance = 0
    total = 0.0
    for number in range(studies):
        table = world.study(np.random.default_rng([11, number]))
        figure = next(one for one in figures(table, 3, [(1, 2)], ()) if one.kind == Kind.ACCURACY)
        arm, chance = figure.arms[1], figure.arms[0]
        assert arm.interval is not None
        assert arm.estimate is not None
        held += arm.interval[0] <= world.accuracy[1] <= arm.interval[1]
        differ += (figure.differences[0].found.p or 1) <= 0.05
        off_chance += (1.0 if chance.p_chance is None else chance.p_chance) <= 0.05
        total += arm.estimate
    return held / studies, differ / studies, off_chance / studies, total / studies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--studies", type=int, default=1500)
    studies = parser.parse_args().studies
    print(f"{'world':<44}{'holds':>8}{'differ':>8}{'off chance':>12}{'mean':>8}")
    for world in WORLDS:
        held, differ, off_chance, mean = measured(world, studies)
        print(f"{world.name:<44}{held:>8.1%}{differ:>8.1%}{off_chance:>12.1%}{mean:>8.3f}")


if __name__ == "__main__":
    main()
