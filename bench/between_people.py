"""Do intervals of a difference hold where each person meets one arm alone?

    python -m bench between

Simulated studies of two or three arms whose truth is known. People of an arm are dealt its photos in rounds, as the layout does it; they
differ in how high they answer, photos in how they are answered about, and in that by arm.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass

import numpy as np

from bench.coverage import machine
from studies.analysis.questionnaires import Measure, difference
from studies.analysis.table import Answers


@dataclass(frozen=True)
class World:
    """Deviations: `people` of how high somebody answers, `photos` of a photo, `both` of a photo by arm, `single` of an answer."""

    name: str
    count: int = 30  # people, of all arms
    items: int = 12
    each: int = 12  # photos that one person answers about
    arms: int = 2
    people: float = 1.0
    photos: float = 1.0
    both: float = 0.3
    single: float = 1.0
    skewed: bool = False  # people's levels are exponential
    leavers: float = 0.0  # share of people who stop somewhere on the way
    ends: tuple[float, float] = (0.0, 20.0)
    steps: bool = False  # answers are whole numbers

    def answers(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n,) item, person and arm of every answer."""
        rows = []
        per_arm = self.count // self.arms
        for arm in range(self.arms):
            left = [
                item
                for _ in range(per_arm * self.each // self.items)
                for item in random.permutation(self.items)
            ]
            for person in range(arm * per_arm, (arm + 1) * per_arm):
                wants = self.each if random.random() >= self.leavers else 1 + int(self.each * random.random())
                mine: list[int] = []
                for item in left:
                    if len(mine) < wants and item not in mine:
                        mine.append(item)
                for item in mine:
                    left.remove(item)
                rows += [(item, person, arm) for item in mine]
        return tuple(np.array(rows).T)  # type: ignore[return-value]

    def rates(self, studies: int, seed: int) -> tuple[float, float, float]:
        """Coverage of 95 % intervals and how often p ≤ 0.05, in percent, where nothing differs; mean degrees of freedom."""
        random, hits, found, freedom = np.random.default_rng(seed), 0, 0, 0.0
        for _ in range(studies):
            item, person, arm = self.answers(random)
            of_people = random.normal(0, self.people, self.count)
            if self.skewed:
                of_people = self.people * (random.exponential(1, self.count) - 1)
            values = sum(self.ends) / 2 + of_people[person]
            values += random.normal(0, self.photos, self.items)[item]
            values += random.normal(0, self.both, (self.items, self.arms))[item, arm]
            values += random.normal(0, self.single, len(item))
            values = np.clip(np.round(values) if self.steps else values, *self.ends)
            table = Answers.of(item, person, np.zeros(len(item), int))
            one = difference(table, values, arm, (0, 1), Measure("q", "q", *self.ends))
            assert one is not None
            assert one.interval is not None
            hits += one.interval[0] <= 0 <= one.interval[1]
            found += one.found(0.95)
            freedom += (one.df or 0) / studies
        return 100 * hits / studies, 100 * found / studies, freedom


WORLDS = [
    World("16 people, all 12 photos each", count=16),
    World("40 people, all 24 photos each", count=40, items=24, each=24),
    World("40 people, 6 of 24 photos each", count=40, items=24, each=6),
    World("8 people, all 20 photos each", count=8, items=20, each=20),
    World("3 arms, 30 people, 18 photos each", items=18, each=18, arms=3),
    World("photos differ by arm as much as people", people=0.3, both=1.0),
    World("only people differ", photos=0, both=0),
    World("people differ much, and a few very much", count=24, items=20, each=20, people=2.0, skewed=True),
    World("a third leaves on the way", count=40, items=20, each=20, leavers=0.3),
    World(
        "answers on 5 points",
        count=40,
        items=20,
        each=20,
        people=0.6,
        photos=0.5,
        single=0.8,
        ends=(1, 5),
        steps=True,
    ),
    World(
        "answers of 0 and 1",
        count=40,
        items=20,
        each=20,
        people=0.3,
        photos=0.3,
        both=0.1,
        single=0.5,
        ends=(0, 1),
        steps=True,
    ),
    World("only photos differ", people=0, photos=1.5, both=0),
    World("nobody and nothing differs", people=0, photos=0, both=0),
]


def markdown(results: dict) -> str:
    part = results["between"]
    lines = [
        "# Between people: do intervals of a difference hold?",
        "",
        f"Written by `python -m bench between`. {part['machine']}; {part['minutes']:.0f} minutes, {part['studies']} simulated studies a row. "
        "Nominal: 95 % and 5 %.",
        "",
        "| world | coverage | found where nothing differs | degrees of freedom |",
        "|---|---:|---:|---:|",
    ]
    lines += [f"| {name} | {hits:.1f} | {found:.1f} | {df:.1f} |" for name, hits, found, df in part["rows"]]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--studies", type=int, default=2400)
    options = parser.parse_args()
    studies, began = 40 if options.quick else options.studies, time.perf_counter()
    rows = []
    for number, world in enumerate(WORLDS):
        rows.append((world.name, *world.rates(studies, number)))
        print(rows[-1], file=sys.stderr, flush=True)
    minutes = (time.perf_counter() - began) / 60
    print(json.dumps({"rows": rows, "machine": machine(), "minutes": minutes, "studies": studies}))


if __name__ == "__main__":
    main()
