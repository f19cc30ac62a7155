"""Recompute every figure of scores.json of a study of “which map is of this class?” from its exported files, with numpy and nothing of Blindsight.

    python recompute_distinguish.py answers.csv [--who real] [--seed 7] [--json] [--check scores.json]

The formulas are those of docs/statistics.md, written again and as plainly as they can be; what other studies have in common with these
is in recompute_scores.py, recompute_single.py and recompute_verify.py, which lie beside this file. protocol.toml, beside answers.csv, has
the arms and what was declared. Nothing is drawn, so the seed changes nothing.
"""

import importlib.util
import math
import sys
import tomllib
from pathlib import Path

import numpy as np


def _beside(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


verify = _beside("recompute_verify")
single = verify.single
base = single.base
ANSWER = "distinguished"
LETTERS = "ABCDEFGHIJ"
TEXTS = {
    "accuracy": "answers that are correct",
    "where_right": "answers that are correct, of photos that the network gets right",
    "where_wrong": "answers that are correct, of photos that the network gets wrong",
}


class Study:
    """The answers that count, in the order of storing."""

    def __init__(self, rows, arms, classes, baseline, plan):
        self.rows, self.arms, self.classes, self.baseline, self.plan = rows, arms, classes, baseline, plan
        self.n = len(rows[ANSWER])
        self.person, self.people = base.numbers(rows[base.PERSON])
        self.item, self.items = base.numbers(rows[base.ITEM])
        cells = [base.plain(cell).rpartition(":") for cell in rows[ANSWER]]
        self.arm = np.array([arms.index(name) for name, _, _ in cells], int)
        picked = [letter.strip() for _, _, letter in cells]
        self.correct = np.array([p == r for p, r in zip(picked, rows["right_letter"], strict=True)], float)
        self.network = np.array([cell == "1" for cell in rows["network_was_right"]], bool)

    def only(self, kept):
        rows = {
            name: [cell for cell, keep in zip(column, kept, strict=True) if keep]
            for name, column in self.rows.items()
        }
        return Study(rows, self.arms, self.classes, self.baseline, self.plan)

    def means(self):
        """Of each measure: which answers, what they say, and between what it lies."""
        every = np.ones(self.n, bool)
        which = {"accuracy": every, "where_right": self.network, "where_wrong": ~self.network}
        return {name: (rows, self.correct, 0, 1) for name, rows in which.items()}


def p_of_chance(effect, null):
    """Of a share − ½ that is a t on the scale artanh(2 · share − 1): that it is `null`."""
    estimate, variance, df, units = effect[:4]
    if variance == 0:
        away = 1 if estimate >= null else -1
        return min(1.0, 2 * ((0.5 + away * null) / (0.5 + away * estimate)) ** units)
    error = math.sqrt(variance) / 0.5 / ((1 - 2 * estimate) * (1 + 2 * estimate))
    return base.t_tails((math.atanh(2 * estimate) - math.atanh(2 * null)) / error, df)


def arm_of(study, measure, arm):
    which, values, _, _ = study.means()[measure]
    here = which & (study.arm == arm)
    found = single.mean_of(study, values, here, 0, 1)
    row = {
        "estimate": found["mean"],
        "interval": found["interval"],
        "answers": found["answers"],
        "over_chance": None,
    }
    if not here.any():
        return row
    chance = 1 / study.classes
    over = {"estimate": row["estimate"] - chance, "interval": None, "p": None, "df": None}
    if row["interval"]:
        person, item = study.person[here], study.item[here]
        weight = single.once_per_item(item)
        effect = single.effect_of(weight, values[here] - row["estimate"], row["estimate"] - 0.5, person, item)
        over["interval"] = [end - chance for end in row["interval"]]
        over["p"] = p_of_chance(effect, chance - 0.5)
        over["df"] = effect[2] if effect[1] else None
    return row | {"over_chance": over}


def measure_of(study, measure):
    pairs, family, declared = verify.pairs_of(study)
    found = [(pair, one) for pair in pairs if (one := verify.difference_of(study, measure, pair)) is not None]
    mine = [place for place, (pair, _) in enumerate(found) if pair in family] or [*range(len(found))]
    adjusted = dict(zip(mine, base.holm([found[place][1]["p"] for place in mine]), strict=True))
    return {
        "text": TEXTS[measure],
        "arms": {name: arm_of(study, measure, arm) for arm, name in enumerate(study.arms)},
        "contrasts": [
            {"first": study.arms[a], "second": study.arms[b], **one, "p_holm": adjusted.get(place),
             "exploratory": (a, b) not in declared}
            for place, ((a, b), one) in enumerate(found)
        ],
    }  # fmt: skip


def results(study):
    if not study.n:
        return {}
    measures = {name: measure_of(study, name) for name in TEXTS}
    return {
        "chance": 1 / study.classes,
        "baseline": None if study.baseline is None else study.arms[study.baseline],
        "by_arm": {
            name: row["estimate"] for name, row in measures["accuracy"]["arms"].items() if row["answers"]
        },
        "measures": measures,
        "tests": verify.tests_of(study),
        "equivalence": verify.beside(study),
    }


def facts_of(study):
    shown = [int(cell) - 1 for cell in study.rows["letter_shown"] if cell]
    letters = LETTERS[: study.classes]
    return {
        "task": "distinguish",
        "positions": {letter: shown.count(place) for place, letter in enumerate(letters)},
    }


def declared(folder, rows, printed):
    """The arms, of how many classes maps were shown, the arm without an explanation, and what the protocol declared."""
    arms, _, baseline, plan = verify.declared(folder, rows, printed)
    protocol = tomllib.loads(base.lying(folder, "protocol.toml").read_text("utf-8"))
    return arms, protocol.get("distinguish", {}).get("classes", 4), baseline, plan


if __name__ == "__main__":
    sys.exit(verify.main(__doc__, ANSWER, declared, Study, results, facts_of))
