"""Recompute every figure of scores.json of a study of “is the network right?” from its exported files, with numpy and nothing of Blindsight.

    python recompute_verify.py answers.csv [--who real] [--seed 7] [--json] [--check scores.json]

The formulas are those of docs/statistics.md, written again and as plainly as they can be; what other studies have in common with these
is in recompute_scores.py and recompute_single.py, which lie beside this file. protocol.toml, beside answers.csv, has the arms and what
was declared. Nothing is drawn, so the seed changes nothing.
"""

import argparse
import importlib.util
import itertools
import json
import math
import sys
import tomllib
from pathlib import Path
from statistics import NormalDist

import numpy as np


def _beside(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


single = _beside("recompute_single")
base = single.base
ANSWER = "verified"  # the column that every answer has, for base.read
WORDS = {
    2: ["wrong", "right"],
    4: ["surely wrong", "probably wrong", "probably right", "surely right"],
}
TEXTS = {
    "accuracy": "answers that are correct",
    "sensitivity": "“right” where the network is right",
    "specificity": "“wrong” where the network is wrong",
    "d_prime": "d′",
    "criterion": "criterion c",
    "auc": "area under the curve of the four steps",
    "gain": "team − network alone",
}
NORMAL = NormalDist()


class Study:
    """The answers that count, in the order of storing."""

    def __init__(self, rows, arms, steps, baseline, plan):
        self.rows, self.arms, self.steps, self.baseline, self.plan = rows, arms, steps, baseline, plan
        self.n = len(rows[ANSWER])
        self.person, self.people = base.numbers(rows[base.PERSON])
        self.item, self.items = base.numbers(rows[base.ITEM])
        cells = [base.plain(cell).rpartition(":") for cell in rows[ANSWER]]
        self.arm = np.array([arms.index(name) for name, _, _ in cells], int)
        self.said = np.array([WORDS[steps].index(word.strip()) for _, _, word in cells], int)
        self.truth = np.array([cell == "1" for cell in rows["network_right"]], bool)
        self.right = 2 * self.said >= steps
        self.correct = (self.right == self.truth).astype(float)

    def only(self, kept):
        rows = {
            name: [cell for cell, keep in zip(column, kept, strict=True) if keep]
            for name, column in self.rows.items()
        }
        return Study(rows, self.arms, self.steps, self.baseline, self.plan)

    def means(self):
        """Of each measure that is a mean over photos: which answers, what they say, and between what it lies."""
        every = np.ones(self.n, bool)
        return {
            "accuracy": (every, self.correct, 0, 1),
            "sensitivity": (self.truth, self.correct, 0, 1),
            "specificity": (~self.truth, self.correct, 0, 1),
            "gain": (every, self.correct - self.truth, -1, 1),
        }


def groups_of(study, measure, arm):
    """The answers with an arm about right and about wrong photos: what they add to the figure, and how each moves it."""
    found = []
    rows = [np.flatnonzero((study.arm == arm) & (study.truth == truth)) for truth in (True, False)]
    if not all(map(len, rows)):
        return None
    if measure == "auc":
        right, wrong = study.said[rows[0]], study.said[rows[1]]
        wins = (right[:, None] > wrong[None, :]) + 0.5 * (right[:, None] == wrong[None, :])
        return [
            (rows[0], wins.mean() / 2, wins.mean(axis=1) - wins.mean()),
            (rows[1], wins.mean() / 2, wins.mean(axis=0) - wins.mean()),
        ]
    for mine, sign in zip(rows, (1, -1) if measure == "d_prime" else (-0.5, -0.5), strict=True):
        n, says = len(mine), study.right[mine].astype(float)
        z = NORMAL.inv_cdf((says.sum() + 0.5) / (n + 1))
        found.append((mine, sign * z, sign * n / (n + 1) / NORMAL.pdf(z) * (says - says.mean())))
    return found


def effect_of(study, groups, first=None):
    """The sum of the groups, and how it varies; no effect where that cannot be told. `first`: of a difference, its first arm."""
    rows = np.concatenate([mine for mine, _, _ in groups])
    estimate = float(sum(part for _, part, _ in groups))
    side = None if first is None else study.arm[rows] == first
    if not single.enough(study.person[rows], study.item[rows], side):
        return estimate, None
    weight = np.concatenate([np.full(len(mine), 1 / len(groups) / len(mine)) for mine, _, _ in groups])
    move = len(groups) * np.concatenate([moves for _, _, moves in groups])
    effect = single.effect_of(weight, move, estimate, study.person[rows], study.item[rows], side)
    return estimate, effect if effect[1] else None


def interval_of(effect, measure):
    estimate, variance, df = effect[:3]
    if measure == "auc":
        at = min(0.5 - 1e-9, max(-0.5 + 1e-9, estimate - 0.5))
        return [0.5 + end for end in base.mean_interval((at, *effect[1:]), 0.5)]
    reach = base.t_quantile(0.975, df) * math.sqrt(variance)
    return [estimate - reach, estimate + reach]


def arm_of(study, measure, arm):
    here = study.arm == arm
    if measure in study.means():
        which, values, low, high = study.means()[measure]
        found = single.mean_of(study, values, here & which, low, high)
        return {"estimate": found["mean"], "interval": found["interval"], "answers": found["answers"]}
    groups = groups_of(study, measure, arm)
    found = {"estimate": None, "interval": None, "answers": int(here.sum())}
    if groups is None:
        return found
    found["estimate"], effect = effect_of(study, groups)
    if effect:
        found["interval"] = interval_of(effect, measure)
    return found


class Part:
    """Some answers, as single.difference_of reads them."""

    def __init__(self, study, which):
        self.arm, self.item, self.person = study.arm[which], study.item[which], study.person[which]


def difference_of(study, measure, pair, level=0.95):
    if measure in study.means():
        which, values, low, high = study.means()[measure]
        effect, has = single.difference_of(Part(study, which), values[which], pair, low, high)
        return None if effect is None else base.judged(effect, high - low, has, level)
    one, other = (groups_of(study, measure, arm) for arm in pair)
    if one is None or other is None:
        return None
    groups = [*one, *((rows, -part, -moves) for rows, part, moves in other)]
    estimate, effect = effect_of(study, groups, pair[0])
    if effect is None:
        return {"estimate": estimate, "interval": None, "p": None, "df": None}
    if measure == "auc":
        return base.judged(effect, 1.0, True, level)
    p = base.t_tails(estimate / math.sqrt(effect[1]), effect[2])
    return {"estimate": estimate, "interval": interval_of(effect, measure), "p": p, "df": effect[2]}


def pairs_of(study):
    declared = [] if study.plan["has_looks"] else [tuple(pair) for pair in study.plan["contrasts"]]
    others = range(len(study.arms))
    beside = [] if study.baseline is None else [(a, study.baseline) for a in others if a != study.baseline]
    pairs = []
    for pair in [*declared, *beside, *itertools.combinations(others, 2)]:
        if set(pair) not in map(set, pairs):
            pairs.append(pair)
    return pairs, declared or beside, declared


def measure_of(study, measure):
    pairs, family, declared = pairs_of(study)
    found = [(pair, one) for pair in pairs if (one := difference_of(study, measure, pair)) is not None]
    mine = [place for place, (pair, _) in enumerate(found) if pair in family] or [*range(len(found))]
    adjusted = dict(zip(mine, base.holm([found[place][1]["p"] for place in mine]), strict=True))
    return {
        "text": TEXTS[measure],
        "arms": {name: arm_of(study, measure, arm) for arm, name in enumerate(study.arms)},
        "contrasts": [
            {"first": study.arms[a], "second": study.arms[b], **one, "p_holm": adjusted.get(place),
             "exploratory": (a, b) not in declared}
            for place, ((a, b), one) in enumerate(found)
        ] if measure != "gain" else [],
    }  # fmt: skip


def mirrored(arm):
    ends = arm["interval"] and [1 - arm["interval"][1], 1 - arm["interval"][0]]
    estimate = None if arm["estimate"] is None else 1 - arm["estimate"]
    return {"estimate": estimate, "interval": ends, "answers": arm["answers"]}


def results(study):
    if not study.n:
        return {}
    measures = {name: measure_of(study, name) for name in TEXTS if name != "auc" or study.steps > 2}
    accuracy = measures["accuracy"]["arms"]
    weight = single.once_per_item(study.item)
    return {
        "network_alone": float(weight @ study.truth),
        "baseline": None if study.baseline is None else study.arms[study.baseline],
        "by_arm": {name: row["estimate"] for name, row in accuracy.items() if row["answers"]},
        "measures": measures,
        "reliance": {
            name: {
                "over": mirrored(measures["specificity"]["arms"][name]),
                "under": mirrored(measures["sensitivity"]["arms"][name]),
            }
            for name, row in accuracy.items()
            if row["answers"]
        },
        "tests": tests_of(study),
        "equivalence": beside(study),
    }


def tests_of(study):
    """Signed ranks and signs of each person's, and each photo's, own difference, of the first pair that can be compared."""
    pairs = [pair for pair in pairs_of(study)[0] if all((study.arm == arm).any() for arm in pair)]
    return single.rank_tests_of(study, study.correct, pairs[0]) if pairs else {}


def beside(study):
    """Differences of accuracy beside the smallest that matters."""
    smallest = study.plan["smallest"]
    if smallest is None or smallest >= 1:
        return []
    pairs, _, declared = pairs_of(study)
    found = []
    for pair in pairs:
        effect, has = single.difference_of(study, study.correct, pair, 0, 1)
        if has:
            first, second = (study.arms[arm] for arm in pair)
            found.append((pair, {"first": first, "second": second, **base.equivalence(effect, 1, smallest)}))
    adjusted = iter(base.holm([one["p"] for pair, one in found if pair in declared]))
    return [one | base.decided(next(adjusted) if pair in declared else None) for pair, one in found]


def looks_of(study, printed):
    plan = study.plan
    if not plan["looks"]:
        return None
    taken = [look["answers"] for look in (printed.get("looks") or {}).get("looks", [])]
    closed_with = taken[-1] if taken else None
    several = max(1, len(plan["contrasts"]))
    levels = base.look_levels(
        plan["looks"]["after"], 0.05 / several, plan["looks"].get("spending", "obrien-fleming")
    )
    looks, before = [], 0
    for number, (fraction, level) in enumerate(zip(plan["looks"]["after"], levels, strict=True), start=1):
        due = round(fraction * plan["needed"])
        if number == len(levels) and closed_with == study.n and before < study.n < due:
            due = study.n
        look, before = {"number": number, "answers": due, "level": level, "verdicts": []}, due
        if 0 < due <= study.n:
            part = study.only(np.arange(study.n) < due)
            for a, b in plan["contrasts"]:
                one = difference_of(part, "accuracy", (a, b), level)
                if one is None:
                    continue
                look["verdicts"].append(
                    {"of": f"{part.arms[a]} − {part.arms[b]}", "estimate": one["estimate"], "interval": one["interval"],
                     "p": one["p"], "found": one["p"] is not None and one["p"] <= 1 - level,
                     "equivalent": base.within(one, plan["smallest"])}
                )  # fmt: skip
        looks.append(look)
    return {"answers": study.n, "needed": plan["needed"], "looks": looks}


def recomputed(every, who, printed, results, facts_of):
    left_out = every.plan["left_out"]
    study, exclusions = every, None
    if left_out is not None:
        kept = every.only([person not in left_out for person in every.rows[base.PERSON]])
        is_kept = every.plan["decided_by"] == "kept"
        study, other, name = (kept, every, "everybody") if is_kept else (every, kept, "kept")
        exclusions = {"flow": base.flow_of(every, kept), "decided_by": every.plan["decided_by"], name: {}}
        if other.n:
            counted = {"items": other.items, "responses": other.n, "participants": other.people}
            beside_it = (printed.get("exclusions") or {}).get(name) or {}
            exclusions[name] = counted | results(other) | {"looks": looks_of(other, beside_it)}
        if not study.n:
            return {"exclusions": exclusions}
    rows = study.rows
    return {
        **facts_of(study),
        "who": who,
        "simulated": who == "simulated" or any(cell.lower() == "true" for cell in rows[base.SIMULATED]),
        "items": study.items,
        "responses": study.n,
        "participants": study.people,
        "imported": sum(bool(cell) for cell in rows.get("imported_from", ())),
        **results(study),
        **single.met(study),
        "looks": looks_of(study, printed),
        "exclusions": exclusions,
        "breakdown": None,
    }


def facts_of(study):
    """What the type is called, and how often each button was pressed."""
    shown = [int(cell) - 1 for cell in study.rows["verdict_shown"] if cell]
    words = WORDS[study.steps]
    return {"task": "verify", "positions": {word: shown.count(step) for step, word in enumerate(words)}}


def declared(folder, rows, printed):
    """The arms, how many steps an answer has, the arm without an explanation, and what the protocol declared."""
    protocol = tomllib.loads(base.lying(folder, "protocol.toml").read_text("utf-8"))
    known = (printed.get("measures") or {}).get("accuracy", {}).get("arms", {})
    arms = [arm["name"] for arm in protocol.get("arms", [])] or list(known)
    none = [place for place, arm in enumerate(protocol.get("arms", [])) if arm.get("none")]
    _, plan = base.declared(
        folder, rows, {"by_arm": dict.fromkeys(arms), **{k: v for k, v in printed.items() if k != "by_arm"}}
    )
    plan["comparison"] = protocol.get("design", {}).get("comparison")
    steps = protocol.get("verify", {}).get("steps", 4)
    return arms, steps, none[0] if none else None, plan


def show(found):
    for measure in found["measures"].values():
        print(f"\n{measure['text']}")
        for name, row in measure["arms"].items():
            if row["estimate"] is not None:
                ends = row["interval"]
                print(
                    f"{name:30} {row['estimate']:8.3f}   {'no interval' if ends is None else '{:.3f} to {:.3f}'.format(*ends)}"
                )


def main(doc, answer, declared, study_of, results, facts_of):
    """The command. What differs between types is handed in: see the last line of each."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("answers", help="answers.csv of the export")
    parser.add_argument(
        "--who", choices=["real", "simulated", "all"], help="default: real, if anybody real answered"
    )
    parser.add_argument("--seed", type=int, help="of no use here: nothing is drawn")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", metavar="scores.json")
    options = parser.parse_args()
    try:
        printed = json.loads(Path(options.check).read_text("utf-8")) if options.check else {}
        base.RATING = answer
        rows, who = base.read(options.answers, options.who or printed.get("who"))
        study = study_of(rows, *declared(Path(options.answers).parent, rows, printed))
        found = recomputed(study, who, printed, results, facts_of)
        wrong = base.differences(found, base.without_options(printed))
    except (OSError, ValueError, KeyError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(found, indent=2, ensure_ascii=False)) if options.json else show(found)
    for line in wrong:
        print(line, file=sys.stderr)
    if options.check and not wrong:
        print(f"{options.check}: every score agrees", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(__doc__, ANSWER, declared, Study, results, facts_of))
