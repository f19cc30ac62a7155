"""Do the intervals of strengths hold where two of many arms are compared at a time? Simulated studies whose truth is known.

    python -m bench.pairs            or, with other numbers: python -m bench.pairs --help

Pairs are laid out as a study lays them out. Every person and every photo has a taste of its own for each arm and for “same”, normal on the
scale of log odds. The truth is what the model fits to as many people and photos as there can be: the strengths at which its chances are
the mean chances over all tastes. Counted is how often an interval holds it, over all arms, all pairs; how often all intervals of ranks hold
together; and where all arms are equal, how often a test finds a difference. Nominal: 95 and 5 %.
"""

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from studies.analysis.paired import davidson, layout, ranks
from studies.analysis.paired.answers import Pairs, stored
from studies.analysis.paired.strengths import (
    any_difference_of,
    any_pair_of,
    arms_of,
    family_of,
    judge_pairs,
    side_of,
    strengths_of,
    tie_of,
)

HERE = Path(__file__).parent
SIDE, TIE, TASTES = 0.2, -0.7, 40_000
AIM = (0.93, 0.98)


@dataclass(frozen=True)
class Case:
    """`reach`: the strengths go from half of it down to minus half of it, in equal steps."""

    name: str
    arms: int
    reach: float
    photos: int
    answers: int  # for each photo
    people: int
    of_photos: float = 0.8  # spread of tastes
    of_people: float = 0.5


CASES = [
    Case("14 arms, 15 people", 14, 2.0, 250, 4, 15),
    Case("14 arms, 60 people", 14, 2.0, 250, 4, 60),
    Case("14 arms, 60 people who differ much", 14, 2.0, 250, 4, 60, 0.3, 1.0),
    Case("14 arms, 30 people, nothing differs", 14, 2.0, 250, 4, 30, 0.0, 0.0),
    Case("14 equal arms, 15 people", 14, 0.0, 250, 4, 15),
    Case("14 equal arms, 60 people", 14, 0.0, 250, 4, 60),
    Case("5 arms, 20 people, 50 photos", 5, 1.5, 50, 6, 20),
    Case("40 arms, 100 people", 40, 3.0, 500, 10, 100),
]


class World:
    """Studies of one case, and their truth."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.strengths = case.reach * (0.5 - np.arange(case.arms) / (case.arms - 1))
        self.truth = self._truth()

    def _utilities(self, left: np.ndarray, right: np.ndarray, taste: np.ndarray) -> np.ndarray:
        """(n, 3) left, right, same; taste (n, 3) of the left arm, the right arm, and “same”."""
        both = np.column_stack([self.strengths[left], self.strengths[right]]) + taste[:, :2]
        sides = both + np.array([SIDE / 2, -SIDE / 2])
        return np.column_stack([sides, TIE + both.mean(axis=1) + taste[:, 2]])

    def _truth(self) -> davidson.Fit:
        case, rng = self.case, np.random.default_rng(0)
        spread = np.hypot(case.of_photos, case.of_people)
        taste = spread * rng.standard_normal((TASTES, 3))
        rows = []
        for a, b in combinations(range(case.arms), 2):
            for left, right in ((a, b), (b, a)):
                n = np.zeros(TASTES, int)
                utility = self._utilities(n + left, n + right, taste)
                chance = np.exp(utility - utility.max(axis=1, keepdims=True))
                p = (chance / chance.sum(axis=1, keepdims=True)).mean(axis=0)
                rows += [
                    (a, b, o, 1 if left == a else -1, p[o if left == a or o == 2 else 1 - o])
                    for o in range(3)
                ]
        a, b, outcome, side, p = (np.array(column) for column in zip(*rows, strict=True))
        return davidson.fit(davidson.cells_of(a, b, outcome, side, p, case.arms))

    def study(self, number: int) -> Pairs:
        case, rng = self.case, np.random.default_rng([7, number])
        rows = list(layout.rows(case.arms, case.photos, case.answers, int(rng.integers(2**60))))
        photo = np.array([item for item, _ in rows])
        left, right = np.array([order for _, order in rows]).T
        turn = {(item, nth): person for item in range(case.photos) for nth, person in enumerate(rng.permutation(case.people)[: case.answers])}  # fmt: skip
        seen: Counter[int] = Counter()
        person = np.empty(len(photo), int)
        for row, item in enumerate(photo.tolist()):
            person[row] = turn[item, seen[item]]
            seen[item] += 1
        of_photos = case.of_photos * rng.standard_normal((case.photos, case.arms + 1))
        of_people = case.of_people * rng.standard_normal((case.people, case.arms + 1))
        taste = np.column_stack(
            [
                of_photos[photo, arm] + of_people[person, arm]
                for arm in (left, right, np.full(len(left), case.arms))
            ]
        )
        picked = np.argmax(self._utilities(left, right, taste) + rng.gumbel(size=(len(left), 3)), axis=1)
        orders = np.full((len(left), case.arms), -1)
        orders[:, 0], orders[:, 1] = left, right
        values = stored(left, right, np.array([0, 1, -1])[picked])
        return Pairs.of(photo, person, values, arms=case.arms, orders=orders)


def of_study(answers: Pairs, world: World) -> Counter[str]:
    """How many of what there is to hold did so, and how many there were (with “of ” before their name)."""
    truth, found = world.truth, Counter[str]()

    def count(what: str, held: bool) -> None:
        found[what] += bool(held)
        found[f"of {what}"] += 1

    for arm, exact in zip(arms_of(answers), truth.strengths, strict=True):
        count("strength of an arm", arm.interval[0] <= exact <= arm.interval[1])
    pairs = tuple(combinations(range(answers.arms), 2))
    judged = judge_pairs(answers, pairs)
    gaps = [float(np.tanh((truth.strengths[a] - truth.strengths[b]) / 2)) for a, b in pairs]
    for one, gap in zip(judged, gaps, strict=True):
        count("difference of two arms", one.interval[0] <= gap <= one.interval[1])
    side, tie = side_of(answers), tie_of(answers)
    count("side", side.interval[0] <= truth.parameters[-2] <= side.interval[1])
    count("same", tie.interval[0] <= truth.parameters[-1] <= tie.interval[1])
    level = family_of(answers, pairs).level()
    wide = judge_pairs(answers, pairs, level=level)
    count(
        "all differences at once",
        all(one.interval[0] <= gap <= one.interval[1] for one, gap in zip(wide, gaps, strict=True)),
    )
    if world.case.reach:
        better = np.zeros((answers.arms,) * 2, bool)
        for (a, b), one in zip(pairs, judged, strict=True):
            if one.found(level):
                better[(a, b) if one.estimate > 0 else (b, a)] = True
        placed = ranks.ranks(strengths_of(answers).fit.strengths.tolist(), better)
        count("all ranks at once", all(rank.best <= 1 + at <= rank.worst for at, rank in enumerate(placed)))
    else:
        joint = any_difference_of(answers).p
        count("found, F over all arms (5 %)", joint is not None and joint <= 0.05)
        count("found, any pair by max-T (5 %)", (any_pair_of(answers) or 1.0) <= 0.05)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="of each case; a tenth for 40 arms")
    parser.add_argument(
        "--only",
        default="",
        metavar="WORDS",
        help="cases with these words in their name; the others stay as they were",
    )
    options = parser.parse_args()
    for case in CASES:
        if options.only in case.name:
            keep(case, count(case, options.studies // (10 if case.arms > 20 else 1)))


def count(case: Case, studies: int) -> list[dict]:
    world, total = World(case), Counter[str]()
    for number in range(studies):
        total.update(of_study(world.study(number), world))
    rows = []
    for what in [name for name in total if not name.startswith("of ")]:
        held, of = total[what], total[f"of {what}"]
        rows.append({"case": case.name, "what": what, "held": held, "of": of, "studies": studies})
        print(f"{case.name:38} {what:32} {100 * held / of:6.2f} %", flush=True)
    return rows


def keep(case: Case, rows: list[dict]) -> None:
    """The figures of a case among those of the others."""
    path = HERE / "RESULTS-pairs.json"
    before = json.loads(path.read_text("utf-8")) if path.exists() else []
    order = [one.name for one in CASES]
    every = [row for row in before if row["case"] != case.name and row["case"] in order] + rows
    every.sort(key=lambda row: order.index(row["case"]))
    path.write_text(json.dumps(every, indent=1) + "\n", "utf-8")
    lines = [
        "# Two of many arms at a time: do the intervals hold?",
        "",
        "`python -m bench.pairs`. " + (__doc__ or "").split("\n\n")[2].replace("\n", " "),
        "",
        "| case | what | held | studies |",
        "|---|---|---|---|",
        *(
            f"| {row['case']} | {row['what']} | {100 * row['held'] / row['of']:.1f} % | {row['studies']} |"
            for row in every
        ),
        "",
    ]
    (HERE / "RESULTS-pairs.md").write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
