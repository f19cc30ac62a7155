"""Recompute every figure of scores.json of a study of single maps from its exported files, with numpy and nothing of Blindsight.

    python recompute_single.py answers.csv [--who real] [--seed 7] [--json] [--check scores.json]

The formulas are those of docs/statistics.md, written again and as plainly as they can be; what all studies have in common is in
recompute_scores.py, which lies beside this file. protocol.toml, beside answers.csv, has the arms, the questions and what was declared.
Nothing is drawn, so the seed changes nothing.
"""

import argparse
import importlib.util
import itertools
import json
import math
import sys
import tomllib
from pathlib import Path

import numpy as np

_place = Path(__file__).with_name("recompute_scores.py")
_spec = importlib.util.spec_from_file_location("recompute_scores", _place)
base = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(base)
JUDGED = base.RATING = "judged"  # the column that every answer has, for base.read


class Question:
    def __init__(self, said):
        self.key, self.text = said["key"], said["text"]
        kind, points = said.get("kind", "points"), said.get("points", 7)
        self.low, self.high = {"yes-no": (0, 1), "slider": (0, 100)}.get(kind, (1, points))
        self.scale, self.reversed = said.get("scale", ""), said.get("reversed", False)

    def turned(self, values):
        return self.low + self.high - values if self.reversed else values


class Study:
    """The answers that count, in the order of storing."""

    def __init__(self, rows, arms, questions, plan):
        self.rows, self.arms, self.questions, self.plan = rows, arms, questions, plan
        self.n = len(rows[JUDGED])
        self.person, self.people = base.numbers(rows[base.PERSON])
        self.item, self.items = base.numbers(rows[base.ITEM])
        judged = [base.plain(cell).rpartition(":") for cell in rows[JUDGED]]
        self.arm = np.array([arms.index(name) for name, _, _ in judged], int)
        said = [[int(part) for part in listed.split(",")] for _, _, listed in judged]
        self.said = np.array(said, float).reshape(self.n, len(questions))

    def only(self, kept):
        rows = {
            name: [cell for cell, keep in zip(column, kept, strict=True) if keep]
            for name, column in self.rows.items()
        }
        return Study(rows, self.arms, self.questions, self.plan)

    def scales(self):
        """(name, lowest, highest, (n,) means of its questions, (n, k) these, turned round where they are reversed), by name."""
        found = []
        for name in dict.fromkeys(question.scale for question in self.questions if question.scale):
            mine = [(place, q) for place, q in enumerate(self.questions) if q.scale == name]
            turned = np.stack([q.turned(self.said[:, place]) for place, q in mine], axis=1)
            ends = {(q.low, q.high) for _, q in mine}
            low, high = ends.pop() if len(ends) == 1 else (0, 1)
            if (low, high) == (0, 1):
                turned = (turned - [q.low for _, q in mine]) / [q.high - q.low for _, q in mine]
            found.append((name, low, high, turned.mean(axis=1), turned))
        return found

    def main(self):
        """Lowest, highest and values of what the study is judged by."""
        for _, low, high, values, _ in self.scales():
            return low, high, values
        return self.questions[0].low, self.questions[0].high, self.said[:, 0]


def once_per_item(item):
    """Weights with which every item counts once."""
    _, place, counts = np.unique(item, return_inverse=True, return_counts=True)
    return 1 / counts[place] / len(counts)


def part_of(weight, moved, unit):
    """What units drawn by themselves make of the variance, its degrees of freedom, the effective number of units less one, and
    their number. `weight` sums to 1."""
    names = np.unique(unit)
    total = np.array([weight[unit == name].sum() for name in names])
    squares = (np.array([moved[unit == name].sum() for name in names]) / (1 - total)) ** 2
    free, fourth = 1 / (total**2).sum() - 1, (squares**2).sum()
    df = min(free, 3 * squares.sum() ** 2 / fourth - 1 if fourth > 0 else math.inf)
    return (1 - 1 / len(names)) * squares.sum(), max(df, 1.0), free, len(names)


def is_between(person, side):
    """Whether nobody has answers on both sides of a difference."""
    return side is not None and not set(person[side]) & set(person[~side])


def people_of_sides(weight, moved, person, side):
    """The same where nobody is on both sides: each side's people by themselves, and Satterthwaite's degrees of freedom of the sum."""
    found = [part_of(weight[here] / weight[here].sum(), moved[here], person[here]) for here in (side, ~side)]
    total = sum(part for part, _, _, _ in found)
    below = sum(part**2 / df for part, df, _, _ in found)
    df = total**2 / below if below > 0 else math.inf
    return total, max(df, 1.0), sum(free for _, _, free, _ in found), min(n for _, _, _, n in found)


def effect_of(weight, move, estimate, person, item, side=None):
    """Estimate, two-way variance, degrees of freedom, units, effective answers. Σ weight · move is 0; side (n,) bool, of a difference."""
    moved = weight * move
    between = is_between(person, side)
    of_people = people_of_sides(weight, moved, person, side) if between else part_of(weight, moved, person)
    of_items = part_of(weight, moved, item)
    parts, dfs = [of_people[0], of_items[0]], [of_people[1], of_items[1]]
    largest_df, units = min(of_people[2], of_items[2]), min(of_people[3], of_items[3])
    single = (weight / (1 - weight)) ** 2
    alone = (1 - 1 / len(weight)) * (single @ move**2)
    alone = 0.0 if alone <= 1e-13 * single.sum() else alone
    variance = max(*parts, sum(parts) - alone, alone)
    below = sum(part**2 / df for part, df in zip(parts, dfs, strict=True))
    df = max(min(variance**2 / below if below > 0 else math.inf, largest_df), 1.0)
    return float(estimate), variance if alone else 0.0, df, units, 1 / (weight @ weight)


def enough(person, item, side=None):
    several = len(np.unique(person)) > 1 and len(np.unique(item)) > 1
    return several and not (is_between(person, side) and any(len(set(person[x])) < 2 for x in (side, ~side)))


def mean_of(study, values, here, low, high):
    """An arm's mean with its interval."""
    if not here.any():
        return {"mean": None, "interval": None, "answers": 0}
    values, person, item = values[here], study.person[here], study.item[here]
    weight = once_per_item(item)
    mean, middle = float(weight @ values), (low + high) / 2
    ends = None
    if enough(person, item):
        effect = effect_of(weight, values - mean, mean - middle, person, item)
        ends = [middle + end for end in base.mean_interval(effect, (high - low) / 2)]
    return {"mean": mean, "interval": ends, "answers": int(here.sum())}


def difference_of(study, values, pair, low, high):
    """The effect of one arm's mean − another's; whether it has an interval; None where one of them has no answer."""
    rows = [np.flatnonzero(study.arm == arm) for arm in pair]
    if not all(map(len, rows)):
        return None, False
    both = np.concatenate(rows)
    means, weights, moves = [], [], []
    for mine, sign in zip(rows, (1, -1), strict=True):
        weight = once_per_item(study.item[mine])
        means.append(float(weight @ values[mine]))
        weights.append(weight / 2)
        moves.append(2 * sign * (values[mine] - means[-1]))
    estimate, person, item = means[0] - means[1], study.person[both], study.item[both]
    side = study.arm[both] == pair[0]
    if not enough(person, item, side):
        return (estimate, 0.0, 1.0, 1, 1.0), False
    return effect_of(np.concatenate(weights), np.concatenate(moves), estimate, person, item, side), True


def pairs_of(study):
    declared = [] if study.plan["has_looks"] else study.plan["contrasts"]
    every = itertools.combinations(range(len(study.arms)), 2)
    return declared, [*declared, *(pair for pair in every if set(pair) not in map(set, declared))]


def figure_of(study, text, low, high, values):
    declared, pairs = pairs_of(study)
    found = [(pair, *difference_of(study, values, pair, low, high)) for pair in pairs]
    found = [
        (pair, base.judged(effect, high - low, has)) for pair, effect, has in found if effect is not None
    ]
    family = [place for place, (pair, _) in enumerate(found) if not declared or pair in declared]
    adjusted = dict(zip(family, base.holm([found[place][1]["p"] for place in family]), strict=True))
    return {
        "text": text,
        "from": low,
        "to": high,
        "arms": {
            name: mean_of(study, values, study.arm == arm, low, high) for arm, name in enumerate(study.arms)
        },
        "contrasts": [
            {"first": study.arms[a], "second": study.arms[b], **one, "p_holm": adjusted.get(place),
             "exploratory": (a, b) not in declared}
            for place, ((a, b), one) in enumerate(found)
        ],
    }  # fmt: skip


def reliability_of(turned):
    """Cronbach's alpha, and McDonald's omega total of one factor by least squares outside the diagonal."""
    n, k = turned.shape
    found = {"alpha": None, "omega": None}
    if k < 2 or n < 3:
        return found
    covariance = np.cov(turned, rowvar=False)
    if np.diag(covariance).min() <= 1e-12:
        return found
    if covariance.sum() > 1e-12:
        found["alpha"] = k / (k - 1) * (1 - np.trace(covariance) / covariance.sum())
    if k < 3:
        return found
    r = np.corrcoef(turned, rowvar=False)
    values, vectors = np.linalg.eigh(r)
    loading = vectors[:, -1] * math.sqrt(max(values[-1], 0)) * (np.sign(vectors[:, -1].sum()) or 1)
    for _ in range(10_000):
        before = loading.copy()
        for i in range(k):
            others = [j for j in range(k) if j != i]
            below = sum(loading[j] ** 2 for j in others)
            if below <= 1e-12:
                return found
            loading[i] = min(1, max(-1, sum(r[i, j] * loading[j] for j in others) / below))
        if abs(loading - before).max() < 1e-12:
            if r.sum() > 1e-12:
                found["omega"] = 1 - (1 - loading**2).sum() / r.sum()
            return found
    return found


def results(study):
    if not study.n:
        return {}
    questions = {
        q.key: figure_of(study, q.text, q.low, q.high, study.said[:, place])
        | {"scale": q.scale, "reversed": q.reversed}
        for place, q in enumerate(study.questions)
    }
    scales = {
        name: figure_of(study, f"scale {name}", low, high, values)
        | {"questions": [q.key for q in study.questions if q.scale == name], **reliability_of(turned)}
        for name, low, high, values, turned in study.scales()
    }
    main = next(iter({**scales, **questions}.items()))
    means = {name: row["mean"] for name, row in main[1]["arms"].items() if row["answers"]}
    return {
        "main": main[0],
        "by_arm": means,
        "questions": questions,
        "scales": scales,
        "tests": tests_of(study),
        "equivalence": beside(study),
    }


def rank_sum(first, second):
    """Mann and Whitney's U of the first, normal, with ties allowed for."""
    every, n, m = np.round([*first, *second], 12), len(first), len(second)
    u = sum((a > b) + (a == b) / 2 for a in every[:n] for b in every[n:])
    ties = sum(count**3 - count for count in np.unique(every, return_counts=True)[1].tolist())
    variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    z = abs(u - n * m / 2) / math.sqrt(variance) if variance > 1e-12 else None
    p = None if z is None else 2 * base.normal_below(-z)
    return {"statistic": float(u), "p": p, "n": n + m, "zeros": 0}


def tests_of(study):
    """Signed ranks and signs of each person's, and each photo's, own difference: of the first declared pair, or of the lead. Where
    nobody has answers about both, rank sums of people's means."""
    low, high, values = study.main()
    declared, _ = pairs_of(study)
    means = [mean_of(study, values, study.arm == arm, low, high)["mean"] for arm in range(len(study.arms))]
    known = sorted((arm for arm, mean in enumerate(means) if mean is not None), key=lambda arm: -means[arm])
    can = [pair for pair in declared if set(pair) <= set(known)]
    if not can and len(known) < 2:
        return {}
    return rank_tests_of(study, values, (can or [known[:2]])[0])


def rank_tests_of(study, values, pair):
    """The tests of one pair of arms."""
    tests, here = {}, np.isin(study.arm, pair)
    person, own, side = study.person[here], values[here], study.arm[here] == pair[0]
    between = is_between(person, side)
    if between:
        means = [[own[person == one].mean() for one in np.unique(person[x])] for x in (side, ~side)]
        tests["people: rank sum"] = rank_sum(*means)
    for unit, index in (("people", study.person), ("items", study.item)):
        if between and unit == "people":
            continue
        apart = []
        for one in range(index.max() + 1):
            both = [values[(index == one) & (study.arm == arm)] for arm in pair]
            if all(map(len, both)):
                apart.append(both[0].mean() - both[1].mean())
        tests |= {f"{unit}: {name}": test for name, test in base.rank_tests(np.array(apart)).items()}
    return tests


def beside(study):
    """The main figure's differences beside the smallest that matters."""
    low, high, values = study.main()
    smallest = study.plan["smallest"]
    if smallest is None or smallest >= high - low:
        return []
    declared, pairs = pairs_of(study)
    found = []
    for pair in pairs:
        effect, has = difference_of(study, values, pair, low, high)
        if has:
            first, second = (study.arms[arm] for arm in pair)
            found.append(
                (pair, {"first": first, "second": second, **base.equivalence(effect, high - low, smallest)})
            )
    adjusted = iter(base.holm([one["p"] for pair, one in found if pair in declared]))
    return [one | base.decided(next(adjusted) if pair in declared else None) for pair, one in found]


def met(study):
    """How people met the arms, where not all of them mixed, and how many have answered about each."""
    if not study.plan.get("comparison"):
        return {}
    people = {name: len(set(study.person[study.arm == arm])) for arm, name in enumerate(study.arms)}
    return {"comparison": {"design": study.plan["comparison"], "people": people}}


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
            low, high, values = part.main()
            for a, b in plan["contrasts"]:
                effect, has = difference_of(part, values, (a, b), low, high)
                if effect is None:
                    continue
                one = base.judged(effect, high - low, has, level)
                look["verdicts"].append(
                    {"of": f"{part.arms[a]} − {part.arms[b]}", "estimate": one["estimate"], "interval": one["interval"],
                     "p": one["p"], "found": one["p"] is not None and one["p"] <= 1 - level,
                     "equivalent": base.within(one, plan["smallest"])}
                )  # fmt: skip
        looks.append(look)
    return {"answers": study.n, "needed": plan["needed"], "looks": looks}


def recomputed(every, who, printed):
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
        "task": "single",
        "who": who,
        "simulated": who == "simulated" or any(cell.lower() == "true" for cell in rows[base.SIMULATED]),
        "items": study.items,
        "responses": study.n,
        "participants": study.people,
        "imported": sum(bool(cell) for cell in rows.get("imported_from", ())),
        "positions": {"the one map": sum(bool(cell) for cell in rows["answers_shown"])},
        **results(study),
        **met(study),
        "looks": looks_of(study, printed),
        "exclusions": exclusions,
        "breakdown": None,
    }


def declared(folder, rows, printed):
    """The arms, the questions, and what the protocol beside answers.csv declared."""
    protocol = tomllib.loads(base.lying(folder, "protocol.toml").read_text("utf-8"))
    known = printed.get("questions") or {}
    arms = [arm["name"] for arm in protocol.get("arms", [])] or list(next(iter(known.values()))["arms"])
    _, plan = base.declared(
        folder, rows, {"by_arm": dict.fromkeys(arms), **{k: v for k, v in printed.items() if k != "by_arm"}}
    )
    plan["comparison"] = protocol.get("design", {}).get("comparison")
    return arms, [Question(said) for said in protocol.get("trial_questions") or questions_in(known)], plan


def questions_in(printed):
    """The questions as scores.json has them, where the protocol says nothing of them."""
    kinds = {(0, 1): "yes-no", (0, 100): "slider"}
    return [
        {"key": key, "kind": kinds.get((row["from"], row["to"]), "points"), "points": row["to"], **row}
        for key, row in printed.items()
    ]


def show(found):
    for figure in [*found["scales"].values(), *found["questions"].values()]:
        print(f"\n{figure['text']} ({figure['from']} to {figure['to']})")
        for name, row in figure["arms"].items():
            if row["answers"]:
                ends = (
                    "no interval" if row["interval"] is None else "{:.2f} to {:.2f}".format(*row["interval"])
                )
                print(f"{name:30} {row['mean']:8.3f}   {ends}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
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
        rows, who = base.read(options.answers, options.who or printed.get("who"))
        arms, questions, plan = declared(Path(options.answers).parent, rows, printed)
        found = recomputed(Study(rows, arms, questions, plan), who, printed)
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
    sys.exit(main())
