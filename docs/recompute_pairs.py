"""Recompute every figure of scores.json of a study of pairs from its exported files, with numpy and nothing of Blindsight.

    python recompute_pairs.py answers.csv [--who real] [--seed 7] [--json] [--check scores.json]

Beside it lies recompute_scores.py, whose t, Holm, looks and comparison it takes. The strengths, and how far they move, are written again
here, answer by answer and as plainly as they can be; the formulas are those of docs/statistics.md, “Pairs”.
"""

import importlib.util
import itertools
import math
import sys
from pathlib import Path

import numpy as np

spec = importlib.util.spec_from_file_location(
    "recompute_scores", Path(__file__).with_name("recompute_scores.py")
)
base = importlib.util.module_from_spec(spec)
spec.loader.exec_module(base)

COMPARISON, SIDE, BETTER, ALIKE = "comparison", "picked_side", " > ", " = "
FIRST, SECOND, SAME = range(3)
PER = ("answers", "items", "people")
FAR, LARGEST = 12.0, 0.9


def said(cell, arms):
    """(a, b, outcome) of a cell, a before b in the study's order of arms."""
    for sign in (BETTER, ALIKE):
        for a, first in enumerate(arms):
            for b, second in enumerate(arms):
                if cell == first + sign + second:
                    return min(a, b), max(a, b), SAME if sign == ALIKE else (FIRST if a < b else SECOND)
    raise ValueError(f"{cell!r} says nothing about two of {', '.join(arms)}")


class Strengths:
    """The fit of some answers where something counts once, with what each answer adds; the interface of base.Inference."""

    def __init__(self, study, per):
        links = np.zeros((len(study.arms),) * 2, bool)
        links[study.a, study.b] = links[study.b, study.a] = True
        self.parts = connected(links)
        self.arms = max(self.parts, key=len)
        place = {arm: at for at, arm in enumerate(self.arms)}
        here = np.array([a in place for a in study.a])
        self.a, self.b = (np.array([place[arm] for arm in side[here]]) for side in (study.a, study.b))
        self.outcome, self.side = study.outcome[here], study.side[here]
        _, item = np.unique(study.item[here], return_inverse=True)
        _, person = np.unique(study.person[here], return_inverse=True)
        self.n, self.k = len(self.a), len(self.arms)
        each = {"items": item, "people": person, "answers": np.arange(self.n)}[per]
        counts = np.bincount(each)
        self.w = self.n / counts[each] / len(counts)
        self.units = {"people": person.max() + 1, "items": item.max() + 1, "answers": self.n}
        self.enough = self.units["people"] > 1 and self.units["items"] > 1
        self.x = self.moves()
        self.tied = bool((self.outcome == SAME).any())
        self.free = self.parameters()
        self.theta, self.helped = self.newton(False), False
        if self.theta is None:
            self.theta, self.helped = self.newton(True), True
        self.share = self.theta[self.free]
        self.kinds = len(self.free)
        self.answers = self.n**2 / (self.w**2).sum()
        if self.enough:
            self.moved, self.total = {}, {}
            self.leave_out(item, person)

    def moves(self):
        """(n, 3, k + 2): how the log chance of each outcome moves with arms, side and tie."""
        x, at = np.zeros((self.n, 3, self.k + 2)), np.arange(self.n)
        x[at, FIRST, self.a] = x[at, SECOND, self.b] = 1
        x[at, SAME, self.a] = x[at, SAME, self.b] = 0.5
        x[:, FIRST, self.k], x[:, SECOND, self.k] = self.side / 2, -self.side / 2
        x[:, SAME, self.k + 1] = 1
        return x

    def parameters(self):
        """Those that are estimated: all arms but the first; the side where it can be told from the arms; “same” where it was said."""
        _, _, information = self.slopes(np.zeros(self.k + 2), False)
        both = [*range(1, self.k), self.k]
        self.sided = (
            bool(self.side.any()) and np.linalg.matrix_rank(information[np.ix_(both, both)]) == self.k
        )
        return [*range(1, self.k), *([self.k] if self.sided else []), *([self.k + 1] if self.tied else [])]

    def slopes(self, theta, helped):
        utility = self.x @ theta
        if not self.tied:
            utility[:, SAME] = -np.inf
        p = np.exp(utility - utility.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        apart = self.x - (p[:, :, None] * self.x).sum(axis=1, keepdims=True)
        slope = self.w[:, None] * apart[np.arange(self.n), self.outcome]
        known = self.w[:, None, None] * np.einsum("no,noi,noj->nij", p, apart, apart)
        total, information = slope.sum(axis=0), known.sum(axis=0)
        for x, offset in self.added() if helped else ():
            chance = 1 / (1 + math.exp(-(x @ theta - offset)))
            total, information = (
                total + (0.5 - chance) * x,
                information + chance * (1 - chance) * np.outer(x, x),
            )
        self.slope, self.known = slope, known
        return slope, total, information

    def added(self):
        """Half a win and half a loss of each arm beside an average one, of the side, and of “same” between equals."""
        every = np.eye(self.k + 2)
        mean = np.append(np.full(self.k, 1 / self.k), [0, 0])
        return [
            *((row - mean, 0.0) for row in every[: self.k]),
            (every[self.k], 0.0),
            (every[-1], math.log(2)),
        ]

    def newton(self, helped):
        theta = np.zeros(self.k + 2)
        for _ in range(300):
            _, total, information = self.slopes(theta, helped)
            inner = information[np.ix_(self.free, self.free)]
            step = np.linalg.solve(inner + 1e-12 * np.trace(inner) * np.eye(len(inner)), total[self.free])
            theta[self.free] += step / max(1.0, abs(step).max())
            arms = theta[: self.k] - theta[: self.k].mean()
            if not helped and max(abs(arms).max(), abs(theta[self.k :]).max()) > FAR:
                return None
            if abs(step).max() < 1e-12:
                break
        _, _, information = self.slopes(theta, helped)
        self.information = information[np.ix_(self.free, self.free)]
        return theta

    def leave_out(self, item, person):
        inverse, at = np.linalg.inv(self.information), self.free
        for name, unit in (("people", person), ("items", item), ("answers", np.arange(self.n))):
            rows = []
            for one in range(self.units[name]):
                mine = unit == one if name != "answers" else [one]
                slope, known = self.slope[mine].sum(axis=0)[at], self.known[mine].sum(axis=0)[np.ix_(at, at)]
                rows.append(inverse @ slope if name == "answers" else self.without(slope, known, inverse))
            self.moved[name] = np.array(rows)
            self.total[name] = np.bincount(unit, self.w) / self.w.sum()
        self.least = inverse if self.helped else 0 * inverse

    def without(self, slope, known, inverse):
        if np.trace(inverse @ known) < LARGEST:
            return np.linalg.solve(self.information - known, slope)
        values, vectors = np.linalg.eigh(self.information)
        root = (vectors / np.sqrt(values)) @ vectors.T
        values, vectors = np.linalg.eigh(root @ known @ root)
        return root @ vectors @ ((vectors.T @ root @ slope) / (1 - np.clip(values, 0, LARGEST)))

    covariance = base.Inference.covariance
    part = base.Inference.part
    effective = base.Inference.effective

    def effect(self, change, method="two-way", estimate=None):
        """In log odds."""
        change = np.asarray(change, float)
        estimate = float(self.share @ change)
        alone = float(change @ self.covariance("answers") @ change)
        (people, of_people), (items, of_items) = self.part("people", change), self.part("items", change)
        variance = max(people, items, people + items - alone, alone)
        parts = people**2 / of_people + items**2 / of_items
        df = variance**2 / parts if parts > 0 else math.inf
        df = max(min(df, min(self.effective("people"), self.effective("items")) - 1), 1.0)
        variance = max(variance if alone > 0 else 0.0, float(change @ self.least @ change))
        return estimate, variance, df, min(self.units["people"], self.units["items"]), self.answers

    def change(self, of_arms):
        """How a sum of strengths, with weights that sum to 0, moves with what is estimated."""
        return np.concatenate([np.asarray(of_arms, float)[1:], np.zeros(self.kinds - self.k + 1)])

    def contrast(self, a, b):
        of_arms = np.zeros(self.k)
        of_arms[self.arms.index(a)], of_arms[self.arms.index(b)] = 1, -1
        return self.change(of_arms)


class Pairs(base.Study):
    """The answers of a study of pairs."""

    def __init__(self, rows, arms, plan, seed):
        self.rows, self.arms, self.plan, self.seed, self.choosing = rows, arms, plan, seed, True
        self.item, self.items = base.numbers(rows[base.ITEM])
        self.person, self.people = base.numbers(rows[base.PERSON])
        self.n, self.enough = len(self.item), self.items > 1 and self.people > 1
        known = {cell: said(cell, arms) for cell in set(rows[COMPARISON])}
        self.a, self.b, self.outcome = np.array([known[cell] for cell in rows[COMPARISON]]).T
        self.side = np.array([self.where(row) for row in range(self.n)])
        self.fits = {}

    def where(self, row):
        """1 where the arm of the lower index stood on the left, −1 on the right, 0 where nobody knows."""
        order, picked = self.rows[base.ORDER][row], self.rows[SIDE][row]
        if order:
            return 1 if order.split(BETTER)[0] == self.arms[self.a[row]] else -1
        if self.outcome[row] == SAME or picked not in ("1", "2"):
            return 0
        return 1 if (self.outcome[row] == FIRST) == (picked == "1") else -1

    def only(self, kept):
        rows = {
            name: [cell for cell, keep in zip(column, kept, strict=True) if keep]
            for name, column in self.rows.items()
        }
        return Pairs(rows, self.arms, self.plan, self.seed)

    def inference(self, per="answers"):
        if per not in self.fits:
            self.fits[per] = Strengths(self, per)
        return self.fits[per]

    def difference(self, model, a, b, level=base.LEVEL, factor=1.0):
        if a not in model.arms or b not in model.arms:
            return {"estimate": 0.0, "interval": None, "p": None, "df": None}
        change = model.contrast(a, b)
        if not model.enough:
            return {"estimate": math.tanh(model.share @ change / 2), "interval": None, "p": None, "df": None}
        return base.judged(as_difference(model.effect(change)), 1, True, level)


def connected(links):
    left, parts = set(range(len(links))), []
    while left:
        part = {min(left)}
        while more := {b for a in part for b in np.flatnonzero(links[a]).tolist()} - part:
            part |= more
        parts.append(sorted(part))
        left -= part
    return parts


def as_difference(effect):
    estimate, variance, *rest = effect
    at = math.tanh(estimate / 2)
    return at, variance * ((1 - at) * (1 + at) / 2) ** 2, *rest


def log_judged(model, effect, with_p=True):
    estimate, variance, df = effect[:3]
    reach = base.t_quantile((1 + base.LEVEL) / 2, df) * math.sqrt(variance)
    p = base.t_tails(estimate / math.sqrt(variance), df) if with_p else None
    return {
        "estimate": estimate,
        "interval": [estimate - reach, estimate + reach],
        "p": p,
        "df": df if with_p else None,
    }


def parameter(model, at):
    change = np.zeros(model.kinds)
    change[at] = 1
    if not model.enough:
        return {"estimate": float(model.share[at]), "interval": None, "p": None, "df": None}
    return log_judged(model, model.effect(change))


def strength(model, arm):
    """β of an arm, its mean 0, and its interval."""
    if arm not in model.arms:
        return None, None
    change = model.change(np.eye(model.k)[model.arms.index(arm)] - 1 / model.k)
    if not model.enough or model.k < 2:
        return float(model.share @ change), None
    found = log_judged(model, model.effect(change))
    return found["estimate"], found["interval"]


def share_of(log_odds):
    return (1 + math.tanh(log_odds / 2)) / 2


def results(study):
    model, arms = study.inference(), study.arms
    wins = np.zeros((len(arms),) * 2, int)
    same = np.zeros((len(arms),) * 2, int)
    for a, b, outcome in zip(study.a, study.b, study.outcome, strict=True):
        if outcome == SAME:
            same[a, b] += 1
            same[b, a] += 1
        else:
            wins[(a, b) if outcome == FIRST else (b, a)] += 1
    together = list(itertools.combinations(model.arms, 2))
    level = base.Family(
        model, [model.contrast(a, b) for a, b in together] if model.enough else together, model.enough
    ).level()
    better = ranked_better(study, model, together, level)
    strengths = {arm: strength(model, arm) for arm in range(len(arms))}
    scores = {}
    for arm, name in enumerate(arms):
        at, ends = strengths[arm]
        known = arm in model.arms
        above = sum(strengths[other][0] > (at or 0) + 1e-9 for other in model.arms) if known else 0
        beaten = [
            sum((arm, other) in better for other in model.arms),
            sum((other, arm) in better for other in model.arms),
        ]
        scores[name] = {
            "strength": at, "interval": ends,
            "chance": share_of(at) if known else None,
            "chance_interval": [share_of(end) for end in ends] if ends else None,
            "rank": 1 + above if known else None,
            "ranks": [1 + beaten[1], model.k - beaten[0]] if ends else None,
            "wins": int(wins[arm].sum()), "losses": int(wins[:, arm].sum()), "same": int(same[arm].sum()),
        }  # fmt: skip
    order = sorted(model.arms, key=lambda arm: -strengths[arm][0])
    lead = None
    if len(order) > 1:
        lead = {"first": arms[order[0]], "second": arms[order[1]], **study.difference(model, *order[:2])}
    return {
        "scores": scores,
        "same": {"answers": int(same.sum()) // 2, "log_tie": parameter(model, -1) if model.tied else None},
        "side": parameter(model, model.k - 1) if model.sided else None,
        "wins": {one: {other: int(wins[i, j]) for j, other in enumerate(arms) if wins[i, j]} for i, one in enumerate(arms)},
        "alike": [[arms[arm] for arm in group] for group in alike(order, better)] if model.enough else [],
        "parts": [[arms[arm] for arm in part] for part in model.parts],
        "lead": lead,
        "contrasts": contrasts(study, model, level),
        "any_difference": joint(study, model, wins, same),
        "estimands": {per: estimand(study, per) for per in PER},
    }  # fmt: skip


def ranked_better(study, model, together, level):
    """Pairs (better, worse) that are told apart where all are tested at once; where pairs were chosen by earlier answers, at any moment."""
    better, endless = set(), study.plan["options"].get("kind", "balanced") != "balanced"
    for a, b in together if model.enough else ():
        found = study.difference(model, a, b)
        errs = beyond(model.effect(model.contrast(a, b))[1]) if endless else 1 - level
        if found["p"] <= errs:
            better.add((a, b) if found["estimate"] > 0 else (b, a))
    return better


def beyond(variance):
    """The p of Robbins' bound for a normal mixture of spread ½, over all pairs of 40 arms."""
    told = 0.25 / variance
    z = math.sqrt((1 + 1 / told) * (math.log1p(told) - 2 * math.log(0.05 / 780)))
    return math.erfc(z / math.sqrt(2))


def alike(order, better):
    """Neighbours by strength of which no two are told apart, each group as large as can be, none within another."""
    groups = []
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and not any(
            (order[at], order[end]) in better or (order[end], order[at]) in better for at in range(start, end)
        ):
            end += 1
        group = order[start:end]
        if len(group) > 1 and not any(set(group) <= set(other) for other in groups):
            groups.append(group)
    return groups


def contrasts(study, model, level):
    declared = [] if study.plan["has_looks"] else [tuple(pair) for pair in study.plan["contrasts"]]
    others = [
        pair
        for pair in itertools.combinations(range(len(study.arms)), 2)
        if set(pair) not in map(set, declared)
    ]
    smallest, lines = study.plan["smallest"], []
    for pair in [*declared, *others]:
        known = all(arm in model.arms for arm in pair)
        if not known and pair not in declared:
            continue
        found, wide, beside = study.difference(model, *pair), None, None
        if known and model.enough:
            wide = study.difference(model, *pair, level)["interval"]
            if smallest is not None:
                beside = base.equivalence(as_difference(model.effect(model.contrast(*pair))), 1, smallest)
        lines.append([pair, found, wide, beside])
    planned = len(declared)
    p_holm = base.holm([line[1]["p"] for line in lines[:planned]])
    p_small = base.holm([line[3]["p"] if line[3] else None for line in lines[:planned]])
    return [
        {
            "first": study.arms[a], "second": study.arms[b], **found,
            "p_holm": p_holm[at] if at < planned else None,
            "interval_all_pairs": wide,
            "equivalence": beside | {
                "p_holm": p_small[at] if at < planned else None,
                "found": p_small[at] <= 0.05 if at < planned else None,
            } if beside else None,
            "effect_sizes": sizes(found),
            "exploratory": at >= planned,
        }
        for at, ((a, b), found, wide, beside) in enumerate(lines)
    ]  # fmt: skip


def sizes(found):
    at, ends = found["estimate"], found["interval"]
    preferred = {"estimate": (1 + at) / 2, "interval": [(1 + end) / 2 for end in ends] if ends else None}
    odds = {
        "estimate": base.odds(preferred["estimate"]),
        "interval": [base.odds(end) for end in preferred["interval"]] if ends else None,
    }
    return {"superiority": preferred, "odds": odds}


def joint(study, model, wins, same):
    found = {"statistic": None, "df": None, "p": None}
    if model.enough and model.k > 1:
        changes = np.array([model.contrast(arm, model.arms[0]) for arm in model.arms[1:]]).T
        values, vectors = np.linalg.eigh(changes.T @ model.covariance("answers") @ changes)
        telling = values > 1e-9 * max(values.max(), 1e-9)
        q = int(telling.sum())
        white = changes @ (vectors[:, telling] / np.sqrt(values[telling]))
        _, principal = np.linalg.eigh(
            white.T @ (model.covariance("people") + model.covariance("items")) @ white
        )
        effects = [model.effect(column) for column in (white @ principal).T]
        df = min([effect[2] for effect in effects], default=0)
        if q and df - q + 1 > 0:
            f = sum(effect[0] ** 2 / effect[1] for effect in effects) * (df - q + 1) / (df * q)
            found = {"statistic": f, "df": [q, df - q + 1], "p": base.f_tail(f, q, df - q + 1)}
    together = list(itertools.combinations(model.arms, 2))
    any_pair = None
    if model.enough and together:
        family = base.Family(model, [model.contrast(a, b) for a, b in together], True)
        any_pair = family.p(min(study.difference(model, a, b)["p"] for a, b in together))
    return found | {"p_any_pair": any_pair, "labels_exchanged": exchanged(study, wins, same)}


def exchanged(study, wins, same):
    """Each trial that ended with one arm might have ended with the other."""
    k, trials = len(study.arms), wins + wins.T
    asked = [(a, b) for a in range(k) for b in range(a + 1, k) if trials[a, b]]
    counts = np.array([trials[pair] for pair in asked], int)
    statistic, p = 0.0, None
    if asked:

        def spread(first):
            net = np.zeros((len(first), k))
            for at, (a, b) in enumerate(asked):
                net[:, a] += 2 * first[:, at] - counts[at]
                net[:, b] -= 2 * first[:, at] - counts[at]
            return (net**2 / np.maximum(trials.sum(axis=1), 1)).sum(axis=1)

        statistic = float(spread(np.array([[wins[pair] for pair in asked]]))[0])
        drawn = np.random.default_rng(study.seed).binomial(counts, 0.5, size=(base.EXCHANGES, len(asked)))
        p = float((1 + (spread(drawn) >= statistic * (1 - 1e-12)).sum()) / (base.EXCHANGES + 1))
    return {"statistic": statistic, "p": p, "n": int(counts.sum()), "zeros": int(same.sum()) // 2}


def estimand(study, per):
    model = study.inference(per)
    lines = {}
    for arm, name in enumerate(study.arms):
        at, ends = strength(model, arm)
        if at is not None:
            lines[name] = {"estimate": at, "interval": ends, "p": None, "df": None}
    declared = [] if study.plan["has_looks"] else study.plan["contrasts"]
    for a, b in declared:
        if a in model.arms and b in model.arms:
            lines[f"{study.arms[a]} − {study.arms[b]}"] = study.difference(model, a, b)
    return lines


def places(rows, arms):
    known = [cell for cell in rows[SIDE] if cell]
    return {"A": known.count("1"), "B": known.count("2"), base.SAME: known.count("0")}


def show(found):
    print(
        f"{found['responses']} answers ({found['who']}), {found['participants']} participants, {found['items']} items"
    )
    for name, row in found["scores"].items():
        ends = "no interval" if row["interval"] is None else "{:+.3f} to {:+.3f}".format(*row["interval"])
        at = "not connected" if row["strength"] is None else f"{row['strength']:+.3f}"
        print(f"{name:30} {at:>14}   {ends}   won {row['wins']}, lost {row['losses']}, same {row['same']}")


def take_over():
    """What recompute_scores.py does, of pairs."""
    about = base.about
    base.CHOICE, base.Study, base.results, base.places, base.show = COMPARISON, Pairs, results, places, show
    base.about = lambda study, who: about(study, who) | {"task": "pair"}
    base.with_parts = lambda study: results(study) | {"breakdown": None}


if __name__ == "__main__":
    take_over()
    sys.exit(base.main())
