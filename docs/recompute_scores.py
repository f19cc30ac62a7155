"""Recompute every figure of a study's scores.json from its exported files, with numpy and nothing of Blindsight.

    python recompute_scores.py answers.csv [--who real] [--seed 7] [--json] [--check scores.json]

The formulas are those of docs/statistics.md, written again and as plainly as they can be. Beside answers.csv lie protocol.toml (what was
declared) and participants.csv (whom its rules leave out), or they lie as in a study's archive; without them nothing is declared. `--check` compares with an exported
scores.json, which has the seed too: every number of it that comes of answers must come out again within 1e-9, else it is named and
the exit code is 1. What does not come of answers is in NOT_OF_ANSWERS.
"""

import argparse
import csv
import itertools
import json
import math
import sys
import tomllib
from pathlib import Path

import numpy as np

# The columns of answers.csv that are read here. codebook.csv, beside it, describes them all.
ITEM, PERSON, CLASS, ORDER, CHOICE, RATING = "item", "participant", "class", "order", "choice", "rating"
STATUS, STATE, SIMULATED, TRIAL = "status", "participant_state", "simulated", "trial"
COUNTED, MAIN, WITHDRAWN, SAME, BETWEEN_ARMS = "counted", "main", "withdrawn", "same", " > "
LEVEL, EXCHANGES = 0.95, 10_000
ENUMERATE, COUNTED_RANKS, COUNTED_TIES = (
    14,
    50,
    13,
)  # up to so many units all patterns are tried instead of drawn
REASONS = ("failed the practice", "missed attention checks", "answered too fast", "kept to one position")
PER = ("items", "people", "answers")
NOT_OF_ANSWERS = {
    "new_people_needed": "who is taking part at the moment",
    "humans": "figures of the maps",
    "computed_with": "how the figures were made",
    "protocol_version": "what was asked for",
    "missing_items": "items without answers are in no file of answers",
    "versions": "how often the protocol was changed",
}


# --- Distributions -------------------------------------------------------------------------------------------------


def incomplete_beta(x, a, b):
    """I_x(a, b), regularised, by Lentz's continued fraction."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    front = (
        math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
        / a
    )
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 100_000):
        before = value
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            c, d = 1 + step / c, 1 / (1 + step * d)
            value *= c * d
        if abs(value - before) < 1e-16 * value:
            break
    return front * value


def halved(rising, low, high):
    """Where a rising function goes through 0."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def t_tails(t, df):
    return incomplete_beta(df / (df + t * t), df / 2, 0.5)


def t_quantile(p, df):
    """The upper p-quantile of Student's t, p above one half."""
    high = 1.0
    while t_tails(high, df) > 2 * (1 - p):
        high *= 2
    return halved(lambda t: 2 * (1 - p) - t_tails(t, df), 0.0, high)


def beta_quantile(p, a, b):
    return halved(lambda x: incomplete_beta(x, a, b) - p, 0.0, 1.0)


def f_tail(f, above, below):
    return incomplete_beta(below / (below + above * f), below / 2, above / 2)


def normal_below(z):
    return math.erfc(-z / math.sqrt(2)) / 2


# --- The one inference ---------------------------------------------------------------------------------------------


class Inference:
    """Weighted shares of each kind of answer, and how they move when one person, item or answer is left out."""

    def __init__(self, item, person, kind, kinds, per):
        n = len(kind)
        each = {"items": item, "people": person, "answers": np.arange(n)}[per]
        counts = np.bincount(each)
        self.weight = 1 / counts[each] / len(counts)
        self.votes = np.eye(kinds)[kind]
        self.share = self.weight @ self.votes
        self.n, self.kinds, self.answers = n, kinds, 1 / (self.weight**2).sum()
        self.units = {"people": person.max() + 1, "items": item.max() + 1, "answers": n}
        self.moved, self.total = {}, {}
        for name, unit in (("people", person), ("items", item), ("answers", np.arange(n))):
            total = np.bincount(unit, self.weight)
            own = np.stack([np.bincount(unit, self.weight * column) for column in self.votes.T], axis=1)
            with np.errstate(invalid="ignore", divide="ignore"):
                self.moved[name] = (own - total[:, None] * self.share) / (1 - total[:, None])
            self.total[name] = total

    def covariance(self, name):
        return (1 - 1 / self.units[name]) * self.moved[name].T @ self.moved[name]

    def part(self, name, change):
        """What people, items or single answers make of the variance of Σ change · share, and its degrees of freedom."""
        squares = (self.moved[name] @ change) ** 2
        fourth = (squares**2).sum()
        df = min(self.effective(name) - 1, 3 * squares.sum() ** 2 / fourth - 1 if fourth > 0 else math.inf)
        return (1 - 1 / self.units[name]) * squares.sum(), max(df, 1.0)

    def effective(self, name):
        return 1 / (self.total[name] ** 2).sum()

    def effect(self, change, method="two-way", estimate=None):
        """Estimate, variance, degrees of freedom, units that may all say the same, effective number of answers."""
        change = np.asarray(change, float)
        estimate = float(self.share @ change) if estimate is None else float(estimate)
        alone = float(change @ self.covariance("answers") @ change)
        rounding = 1e-13 * ((self.weight / (1 - self.weight)) ** 2).sum() * (change**2).sum()
        alone = 0.0 if alone <= rounding else alone
        units = {"two-way": min(self.units["people"], self.units["items"]), "naive": self.n}.get(
            method
        ) or self.units[method]
        if method == "naive":
            return estimate, alone, max(1.0, self.n - 1.0), units, self.answers
        if method != "two-way":
            variance, df = self.part(method, change)
            return estimate, max(variance, alone) if alone else 0.0, df, units, self.answers
        (people, of_people), (items, of_items) = self.part("people", change), self.part("items", change)
        variance = max(people, items, people + items - alone, alone)
        parts = people**2 / of_people + items**2 / of_items
        df = variance**2 / parts if parts > 0 else math.inf
        df = max(min(df, min(self.effective("people"), self.effective("items")) - 1), 1.0)
        return estimate, variance if alone else 0.0, df, units, self.answers


def free_scale(effect, limit):
    at = effect[0] / limit
    return math.atanh(at), math.sqrt(effect[1]) / limit / ((1 - at) * (1 + at))


def mean_interval(effect, limit, level=LEVEL):
    estimate, variance, df, units, _ = effect
    if variance == 0:
        least = ((1 - level) / 2) ** (1 / units)
        certain, rest = max(-limit, min(limit, estimate)) * least, limit * (1 - least)
        return [certain - rest, certain + rest]
    middle, error = free_scale(effect, limit)
    reach = t_quantile((1 + level) / 2, df) * error
    return [limit * math.tanh(middle - reach), limit * math.tanh(middle + reach)]


def mean_p(effect, limit):
    estimate, variance, df, units, _ = effect
    if variance == 0:
        return min(1.0, 2 * (limit / (limit + abs(estimate))) ** units)
    middle, error = free_scale(effect, limit)
    return t_tails(middle / error, df)


def equivalence(effect, limit, smallest):
    """The larger p of two one-sided tests against −smallest and smallest, and the 90 % interval that says the same."""
    estimate, variance, df, units, _ = effect
    if variance == 0:
        p = 1.0 if abs(estimate) >= smallest else ((limit - smallest) / (limit - abs(estimate))) ** units
    else:
        middle, error = free_scale(effect, limit)
        t = (math.atanh(smallest / limit) - abs(middle)) / error
        p = t_tails(t, df) / 2 if t > 0 else 1 - t_tails(t, df) / 2
    return {"smallest_effect": smallest, "interval": mean_interval(effect, limit, 0.9), "p": p}


def not_rejected(p_of, middle, end, null):
    """How far from `middle` to `end` the hypotheses go that p does not reject at 5 %; whether past `null`, that itself decides."""
    if min(middle, end) < null < max(middle, end):
        middle, end = (null, end) if p_of(null) > 1 - LEVEL else (middle, null)
    if p_of(end) > 1 - LEVEL:
        return end
    inside, outside = middle, end
    for _ in range(60):
        half = (inside + outside) / 2
        inside, outside = (half, outside) if p_of(half) > 1 - LEVEL else (inside, half)
    return inside


def superiority(model, a, b, enough):
    """Of those who picked one of the two the share that picked the first, with all that is not rejected."""
    first, second = model.share[a], model.share[b]
    if first + second <= 0:
        return {"estimate": None, "interval": None}
    middle = first / (first + second)
    if not enough:
        return {"estimate": middle, "interval": None}

    def p_of(phi):
        change = np.zeros(model.kinds)
        change[a], change[b] = 1 - phi, -phi
        return mean_p(model.effect(change), max(phi, 1 - phi))

    low, high = not_rejected(p_of, middle, 0.0, 0.5), not_rejected(p_of, middle, 1.0, 0.5)
    if middle in (0, 1):
        exact = max(0.025 ** (1 / ((first + second) * independent_answers(model))), 0.5)
        low, high = (min(low, exact), high) if middle == 1 else (low, max(high, 1 - exact))
    return {"estimate": middle, "interval": [low, high]}


def independent_answers(model):
    """Clopper and Pearson's number of answers: the effective one over the largest design effect of a share."""
    effects = [model.effect(column) for column in np.eye(model.kinds)]
    if not any(effect[1] for effect in effects):
        return effects[0][3]
    single = [(effect[1], effect[0] * (1 - effect[0]) / model.answers) for effect in effects]
    return model.answers / max(
        1.0, *(variance / alone for variance, alone in single if variance and alone > 0)
    )


def odds(share):
    """From a share to how many times as often; None has no bound."""
    return None if share is None or share >= 1 else share / (1 - share)


def sizes_of_contrast(model, a, b, enough, difference):
    preferred = superiority(model, a, b, enough)
    ends = preferred["interval"]
    return {
        "difference_of_shares": {name: difference[name] for name in ("estimate", "interval")},
        "superiority": preferred,
        "odds": {
            "estimate": odds(preferred["estimate"]),
            "interval": None if ends is None else [odds(end) for end in ends],
        },
    }


def sizes_of_mean(model, values, enough):
    """The chance that the first is rated better, and the mean in standard deviations of single answers."""
    lean, mean = float(model.share @ np.sign(values)), float(model.share @ values)
    variance = float(model.share @ (values - mean) ** 2)
    better = {"estimate": (1 + lean) / 2, "interval": None}
    dz = {"estimate": mean / math.sqrt(variance) if variance > 1e-12 else None, "interval": None}
    if enough:
        ends = mean_interval(model.effect(np.sign(values)), 1)
        better["interval"] = [(1 + end) / 2 for end in ends]
    if enough and dz["estimate"] is not None:
        deviation = math.sqrt(variance)
        moves = ((values - mean) ** 2 - variance) / (2 * deviation)

        def p_of(u):
            change = (1 - abs(u)) * values - u * moves
            return mean_p(model.effect(change, estimate=(1 - abs(u)) * mean - u * deviation), 2)

        at = dz["estimate"] / (1 + abs(dz["estimate"]))
        ends = [not_rejected(p_of, at, end, 0.0) for end in (-1.0, 1.0)]
        dz["interval"] = [u / (1 - abs(u)) if abs(u) < 1 else None for u in ends]
    return {"superiority": better, "dz": dz}


def share_intervals(effects, level=LEVEL):
    """Korn and Graubard's intervals of shares."""
    tail = (1 - level) / 2

    def design(effect):
        alone = effect[0] * (1 - effect[0]) / effect[4]
        return max(1.0, effect[1] / alone) if effect[1] and alone > 0 else 1.0

    widest, ends = max(map(design, effects)), []
    for estimate, variance, df, units, answers in effects:
        share = min(1.0, max(0.0, estimate))
        if variance == 0:
            n, share = (answers / widest if widest > 1 else units), float(round(share))
        else:
            ratio = t_quantile(1 - tail, max(1.0, answers - 1)) / t_quantile(1 - tail, df)
            n = min(share * (1 - share) / variance * ratio**2, answers)
        low = beta_quantile(tail, n * share, n * (1 - share) + 1) if share > 0 else 0.0
        high = beta_quantile(1 - tail, n * share + 1, n * (1 - share)) if share < 1 else 1.0
        ends.append([low, high])
    return ends


def judged(effect, limit, enough, level=LEVEL, factor=1.0):
    """Estimate, interval, p and degrees of freedom, as scores.json has them."""
    if not enough:
        return {"estimate": factor * effect[0], "interval": None, "p": None, "df": None}
    ends = [factor * end for end in mean_interval(effect, limit, level)]
    return {
        "estimate": factor * effect[0],
        "interval": ends,
        "p": mean_p(effect, limit),
        "df": effect[2] if effect[1] else None,
    }


def all_arms(model, arms, enough, same_values):
    """F, its degrees of freedom and p of all arms alike. same_values: the one value that was given, or None."""
    if arms < 2 or not enough:
        return None, None, None
    if same_values is not None:
        units = min(model.units["people"], model.units["items"])
        return None, None, float(arms) ** (1 - units) if same_values < arms else None
    change = np.vstack([np.eye(arms - 1), -np.ones(arms - 1), np.zeros(arms - 1)])
    values, vectors = np.linalg.eigh(change.T @ model.covariance("answers") @ change)
    telling = values > 1e-9 * max(values.max(), 1e-9)
    q = int(telling.sum())
    if q == 0:
        return None, None, None
    white = change @ (vectors[:, telling] / np.sqrt(values[telling]))
    _, principal = np.linalg.eigh(white.T @ (model.covariance("people") + model.covariance("items")) @ white)
    effects = [model.effect(column) for column in (white @ principal).T]
    df = min(effect[2] for effect in effects)
    if df - q + 1 <= 0:
        return None, None, None
    f = sum(effect[0] ** 2 / effect[1] for effect in effects) * (df - q + 1) / (df * q)
    return f, [q, df - q + 1], f_tail(f, q, df - q + 1)


class Family:
    """All pairs at once: the chance that the largest of their t is as large, correlated as people and items together say."""

    def __init__(self, model, changes, enough):
        self.k, self.reach = len(changes), None
        if not enough:
            return
        effects = [model.effect(change) for change in changes]
        change = np.array(changes, float).T
        covariance = change.T @ (model.covariance("people") + model.covariance("items")) @ change
        spread = np.sqrt(np.diag(covariance))
        if not all(effect[1] for effect in effects) or spread.min() <= 1e-9 * spread.max():
            return
        self.df = min(effect[2] for effect in effects)
        values, vectors = np.linalg.eigh(covariance / np.outer(spread, spread))
        telling = values > 1e-9 * values.max()
        rows = vectors[:, telling] * np.sqrt(values[telling])
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        self.q = rows.shape[1]
        if self.q == 1:
            directions = np.ones((1, 1))
        elif self.q == 2:
            angles = (np.arange(4096) + 0.5) * math.pi / 4096
            directions = np.stack([np.cos(angles), np.sin(angles)])
        else:
            directions = np.random.default_rng(0).standard_normal((self.q, 4096))
            directions /= np.linalg.norm(directions, axis=0)
        self.reach = np.unique(abs(rows @ directions).max(axis=0), return_counts=True)

    def p(self, p):
        most = min(1.0, self.k * p)
        if self.reach is None or self.k == 1 or p <= 0:
            return most
        t = t_quantile_of_tail(p / 2, self.df)
        where, times = self.reach
        if self.q == 2:
            tails = (1 + (t / where) ** 2 / self.df) ** (-self.df / 2)
        else:
            tails = np.array([f_tail((t / at) ** 2 / self.q, self.q, self.df) for at in where])
        return min(most, max(p, float(tails @ times / times.sum())))

    def level(self):
        wanted = math.log(1 - LEVEL)
        low, high = wanted - math.log(self.k), wanted
        below, above = (math.log(self.p(math.exp(at))) - wanted for at in (low, high))
        while max(abs(high - low), abs(above)) > 1e-14 and abs(above - below) > 1e-14:  # by secants
            at = low - below * (high - low) / (above - below)
            low, high, below, above = high, at, above, math.log(self.p(math.exp(at))) - wanted
        return 1 - math.exp(high)


def t_quantile_of_tail(tail, df):
    high = 1.0
    while t_tails(high, df) > 2 * tail:
        high *= 2
    return halved(lambda t: 2 * tail - t_tails(t, df), 0.0, high)


def holm(p_values):
    adjusted, largest = [None] * len(p_values), 0.0
    for rank, (p, place) in enumerate(
        sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    ):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p))
        adjusted[place] = largest
    return adjusted


# --- Tests with other null hypotheses ------------------------------------------------------------------------------


def even_chance(successes, n):
    fewer = min(successes, n - successes)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n)


def sign_flips(values, seed):
    """Two-sided p of Σ values among Σ ± values: exact where that can be counted, else from 10,000 draws. None if all are 0."""
    sizes, how_many = np.unique(np.round(np.abs(values), 12), return_counts=True)
    sizes, how_many = sizes[sizes > 0], how_many[sizes > 0]
    n = int(how_many.sum())
    if n == 0:
        return None
    least = abs(values.sum()) - 1e-9 * (sizes @ how_many)
    if len(sizes) == 1:
        return even_chance(int((values > 0).sum()), n)
    if n <= ENUMERATE:
        every = np.array(list(itertools.product((-1, 1), repeat=n))) @ np.repeat(sizes, how_many)
        return float(np.mean(np.abs(every) >= least))
    rng, drawn = np.random.default_rng(seed), np.zeros(EXCHANGES)
    for size, count in zip(sizes, how_many, strict=True):
        drawn += size * (2 * rng.binomial(count, 0.5, EXCHANGES) - count)
    return float((1 + np.sum(np.abs(drawn) >= least)) / (1 + EXCHANGES))


def all_labels(kind, orders, arms, weight, seed):
    """Every preference goes to any arm that its trial showed: statistic, p, n and zeros."""
    preferred = kind < arms
    n = int(preferred.sum())
    found = {"statistic": 0.0, "p": None, "n": n, "zeros": len(kind) - n}
    every = (1 << arms) - 1
    shown = np.array([sum(1 << arm for arm in order) or every for order in orders])[preferred]
    if arms < 2 or n == 0 or not (shown & (shown - 1)).any():
        return found
    weight = weight[preferred]
    totals = np.bincount(kind[preferred], weight, minlength=arms)
    rng, drawn = np.random.default_rng(seed), np.zeros((EXCHANGES, arms))
    for bits in np.unique(shown).tolist():
        among = [arm for arm in range(arms) if bits >> arm & 1]
        for size, count in zip(*np.unique(weight[shown == bits], return_counts=True), strict=True):
            drawn[:, among] += size * rng.multinomial(
                count, np.full(len(among), 1 / len(among)), size=EXCHANGES
            )
    as_large = np.sum(drawn.var(axis=1) >= totals.var() * (1 - 1e-9))
    return found | {"statistic": float(totals.var()), "p": float((1 + as_large) / (1 + EXCHANGES))}


def rank_tests(means):
    """Wilcoxon's signed ranks and the sign test of means against zero."""
    values = np.round(means, 12)
    above, below = int((values > 0).sum()), int((values < 0).sum())
    n, zeros = above + below, len(values) - above - below
    if n == 0:
        nothing = {"statistic": 0.0, "p": None, "n": 0, "zeros": zeros}
        return {"Wilcoxon": nothing, "signs": nothing}
    _, place, ties = np.unique(np.abs(values[values != 0]), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[place]
    up = float(ranks[values[values != 0] > 0].sum())
    statistic = min(up, float(ranks.sum()) - up)
    if n <= (COUNTED_TIES if ties.max() > 1 else COUNTED_RANKS):
        ways = np.zeros(round(2 * ranks.sum()) + 1)
        ways[0] = 1
        for rank in np.rint(2 * ranks).astype(int).tolist():
            ways[rank:] = ways[rank:] + ways[:-rank]
        p = min(1.0, 2 * float(ways[: int(2 * statistic) + 1].sum() / 2.0**n))
    else:
        p = 2 * normal_below((statistic - ranks.sum() / 2) / (math.sqrt((ranks**2).sum()) / 2))
    return {
        "Wilcoxon": {"statistic": statistic, "p": p, "n": n, "zeros": zeros},
        "signs": {"statistic": float(above), "p": even_chance(above, n), "n": n, "zeros": zeros},
    }


# --- Looks ---------------------------------------------------------------------------------------------------------


def look_levels(fractions, alpha, spending):
    """The level of each planned look: Lan and DeMets' α spending, the path followed on a grid."""

    def spent_by(fraction):
        if spending == "pocock":
            return alpha * math.log1p((math.e - 1) * fraction)
        z = halved(lambda x: normal_below(x) - (1 - alpha / 4), 0.0, 40.0)
        return 4 * normal_below(-z / math.sqrt(fraction))

    nodes, weights = np.polynomial.legendre.leggauss(201)
    below = np.vectorize(normal_below)
    points, density, before, spent_before, levels = np.zeros(1), np.ones(1), 0.0, 0.0, []
    for fraction in fractions:
        step, spend = math.sqrt(fraction - before), spent_by(fraction) - spent_before

        def too_little(bound, points=points, density=density, step=step, spend=spend):
            beyond = below((points - bound) / step) + below((-bound - points) / step)
            return spend - float(beyond @ density)

        bound = halved(too_little, 0.0, 40.0)
        levels.append(2 * normal_below(bound / math.sqrt(fraction)) - 1)
        following = nodes * bound
        kernel = np.exp(-(((following[:, None] - points) / step) ** 2) / 2) / (math.sqrt(2 * math.pi) * step)
        points, density = following, (kernel @ density) * weights * bound
        before, spent_before = fraction, spent_by(fraction)
    return levels


# --- A study -------------------------------------------------------------------------------------------------------


class Study:
    """The answers that count, in the order of storing, with what the protocol declared about them."""

    def __init__(self, rows, arms, plan, seed):
        self.rows, self.arms, self.plan, self.seed = rows, arms, plan, seed
        self.item, self.items = numbers(rows[ITEM])
        self.person, self.people = numbers(rows[PERSON])
        self.choosing = CHOICE in rows
        self.n, self.enough = len(self.item), self.items > 1 and self.people > 1
        if self.choosing:
            self.kind = np.array([[*arms, SAME].index(choice) for choice in rows[CHOICE]])
            self.values = None
        else:
            self.rating = np.array(rows[RATING], dtype=float)
            self.values, self.kind = np.unique(self.rating, return_inverse=True)
        self.kinds = len(arms) + 1 if self.choosing else len(self.values)

    def first(self, count):
        return self.only(np.arange(self.n) < count)

    def orders(self):
        """For each answer the arms that its trial showed; none where that is not known."""
        known = {
            order: [self.arms.index(arm) for arm in order.split(BETWEEN_ARMS) if arm in self.arms]
            for order in set(self.rows[ORDER])
        }
        return [known[order] for order in self.rows[ORDER]]

    def only(self, kept):
        rows = {
            name: [cell for cell, keep in zip(column, kept, strict=True) if keep]
            for name, column in self.rows.items()
        }
        return Study(rows, self.arms, self.plan, self.seed)

    def inference(self, per="items"):
        return Inference(self.item, self.person, self.kind, self.kinds, per)

    def difference(self, model, a, b, level=LEVEL, factor=1.0):
        change = np.zeros(self.kinds)
        change[a], change[b] = 1, -1
        return judged(self.effect(model, change), 1, self.enough, level, factor)

    def beside(self, model, a, b):
        """The difference of two arms beside the smallest that matters."""
        change = np.zeros(self.kinds)
        change[a], change[b] = 1, -1
        return equivalence(self.effect(model, change), 1, self.plan["smallest"])

    def mean(self, per, level=LEVEL):
        return judged(self.effect(self.inference(per), self.values), 2, self.enough, level)

    def effect(self, model, change):
        return (
            model.effect(change) if self.enough else (float(model.share @ change), 0.0, 1.0, 1, model.answers)
        )

    def one_value(self):
        return int(self.kind[0]) if len(set(self.kind.tolist())) == 1 else None


def of_choices(study):
    arms, pairs = study.arms, list(itertools.combinations(range(len(study.arms)), 2))
    model = study.inference()
    totals, names = model.share * study.items, [*arms, SAME]
    preferred = model.share[:-1].sum()
    ends = ratio_ends = [None] * len(names)
    if study.enough:
        ends = share_intervals([model.effect(column) for column in np.eye(len(names))])
        ratio_ends = ratios_of(model, preferred) if preferred > 0 else ratio_ends
    table = {
        name: {
            "score": float(totals[place]),
            "share": float(model.share[place]),
            "share_of_preferences": float(model.share[place] / preferred) if preferred > 0 else None,
            "share_of_preferences_interval": ratio_ends[place],
            "interval": None if ends[place] is None else [study.items * end for end in ends[place]],
        }
        for place, name in enumerate(arms)
    }
    same = {"score": float(totals[-1]), "share": float(model.share[-1]), "interval": None}
    same["interval"] = None if ends[-1] is None else [study.items * end for end in ends[-1]]
    first, *others = np.argsort(-totals[:-1], kind="stable").tolist()
    lead = None
    if others:
        lead = {"first": arms[first], "second": arms[others[0]]}
        lead |= study.difference(model, first, others[0], factor=study.items)
    declared = [] if study.plan["has_looks"] else study.plan["contrasts"]
    f, df, p = all_arms(model, len(arms), study.enough, study.one_value())
    exchanged = all_labels(study.kind, study.orders(), len(arms), model.weight * study.items, study.seed)
    joint = {"statistic": f, "df": df, "p": p, "n": exchanged["n"], "zeros": exchanged["zeros"]}
    return {
        "scores": table,
        "same": same,
        "lead": lead,
        "contrasts": contrasts(study, model, declared, pairs),
        "any_difference": joint | {"labels_exchanged": exchanged},
        "estimands": {per: estimand(study, per, names, pairs) for per in PER},
    }


def ratios_of(model, preferred):
    """Intervals of the shares of preferences: ratios, with the first-order change of a ratio."""
    arms = model.kinds - 1
    effects = []
    for arm in range(arms):
        ratio = model.share[arm] / preferred
        change = (np.eye(model.kinds)[arm] - ratio * (np.arange(model.kinds) < arms)) / preferred
        effect = model.effect(change, estimate=ratio)
        effects.append((*effect[:4], effect[4] * preferred))
    return [*share_intervals(effects), None]


def estimand(study, per, names, pairs):
    model = study.inference(per)
    ends = [None] * len(names)
    if study.enough:
        ends = share_intervals([model.effect(column) for column in np.eye(len(names))])
    shares = {
        name: {"estimate": float(model.share[place]), "interval": ends[place], "p": None, "df": None}
        for place, name in enumerate(names)
    }
    return shares | {f"{names[a]} − {names[b]}": study.difference(model, a, b) for a, b in pairs}


def contrasts(study, model, declared, pairs):
    every = [*declared, *(pair for pair in pairs if set(pair) not in map(set, declared))]
    each = [study.difference(model, *pair, factor=study.items) for pair in every]
    family = Family(model, [np.eye(study.kinds)[a] - np.eye(study.kinds)[b] for a, b in every], study.enough)
    level = family.level()
    wide = [study.difference(model, *pair, level=level, factor=study.items) for pair in every]
    adjusted = holm([one["p"] for one in each[: len(declared)]])
    found, small = [], []
    for place, ((a, b), one) in enumerate(zip(every, each, strict=True)):
        speaks = (study.kind == a).astype(float) - (study.kind == b)
        speaks /= np.bincount(study.item)[study.item]
        by = {
            "trials": speaks,
            "items": np.bincount(study.item, speaks),
            "people": np.bincount(study.person, speaks),
        }
        beside = None
        if study.plan["smallest"] and study.enough:
            beside = study.beside(model, a, b)
            small.append(beside["p"])
        found.append(
            {
                "equivalence": beside,
                "effect_sizes": sizes_of_contrast(model, a, b, study.enough, study.difference(model, a, b)),
                "first": study.arms[a],
                "second": study.arms[b],
                "difference": one["estimate"],
                "interval": one["interval"],
                "p_by": {unit: sign_flips(values, study.seed) for unit, values in by.items()},
                "p": one["p"],
                "df": one["df"],
                "p_holm": adjusted[place] if place < len(declared) else None,
                "interval_all_pairs": wide[place]["interval"],
                "p_all_pairs": None if one["p"] is None else family.p(one["p"]),
                "exploratory": place >= len(declared),
            }
        )
    small = holm(small[: len(declared)])
    for place, one in enumerate(found):
        if one["equivalence"]:
            one["equivalence"] |= decided(small[place] if place < len(declared) else None)
    return found


def decided(p):
    """“No difference that matters” by a p that is corrected; None where nothing declared is judged."""
    return {"p_holm": p, "found": None if p is None else p <= 0.05}


def of_ratings(study):
    means = {per: study.mean(per) for per in PER}
    main = means[study.plan["primary"]]
    tests = {}
    for unit, index in (("people", study.person), ("items", study.item)):
        of_units = rank_tests(np.bincount(index, study.rating) / np.bincount(index))
        tests |= {f"{unit}: {name}": test for name, test in of_units.items()}
    found = {
        "primary": {"of": study.plan["primary"], **main},
        "by_arm": dict(zip(study.arms, (main["estimate"], -main["estimate"]), strict=True)),
        "counts": {str(value): int((study.rating == value).sum()) for value in range(-2, 3)},
        "tests": tests,
        "estimands": {per: {"mean rating": one} for per, one in means.items()},
        "effect_sizes": sizes_of_mean(study.inference(study.plan["primary"]), study.values, study.enough),
        "equivalence": None,
    }
    if study.plan["smallest"] and study.enough:
        effect = study.effect(study.inference(study.plan["primary"]), study.values)
        beside = equivalence(effect, 2, study.plan["smallest"])
        found["equivalence"] = beside | decided(None if study.plan["has_looks"] else beside["p"])
    for per, key in (("answers", "mean"), ("items", "mean_of_items"), ("people", "mean_of_people")):
        found[key] = means[per]["estimate"]
        found["interval" if key == "mean" else f"{key}_interval"] = means[per]["interval"]
    return found


def within(one, smallest):
    """Whether the interval lies within what does not matter; None where no smallest effect is declared."""
    if smallest is None:
        return None
    ends = one["interval"]
    return ends is not None and -smallest <= ends[0] and ends[1] <= smallest


def planned_looks(study, closed_with):
    """What each planned look says. `closed_with`: at how many answers the last one was taken, where the study closed early."""
    plan = study.plan
    if not plan["looks"]:
        return None
    several = max(1, len(plan["contrasts"]))
    levels = look_levels(
        plan["looks"]["after"], 0.05 / several, plan["looks"].get("spending", "obrien-fleming")
    )
    looks, before = [], 0
    for number, (fraction, level) in enumerate(zip(plan["looks"]["after"], levels, strict=True), start=1):
        due = round(fraction * plan["needed"])
        if number == len(levels) and closed_with == study.n and before < study.n < due:
            due = study.n
        look, before = {"number": number, "answers": due, "level": level, "verdicts": []}, due
        if 0 < due <= study.n:
            part = study.first(due)
            if study.choosing:
                model = part.inference()
                of = [
                    (f"{part.arms[a]} − {part.arms[b]}", part.difference(model, a, b, level))
                    for a, b in plan["contrasts"]
                ]
            else:
                of = [("mean rating", part.mean(plan["primary"], level))]
            look["verdicts"] = [
                {"of": name, "estimate": one["estimate"], "interval": one["interval"], "p": one["p"],
                 "found": one["p"] is not None and one["p"] <= 1 - level, "equivalent": within(one, plan["smallest"])}
                for name, one in of
            ]  # fmt: skip
        looks.append(look)
    return {"answers": study.n, "needed": plan["needed"], "looks": looks}


# --- Files ---------------------------------------------------------------------------------------------------------


def read(path, who):
    """The columns of the answers that count, in the order of storing, and whose they are: real people's where there are any."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        names = next(rows, [])
        task = column_of(names)
        needed = [ITEM, PERSON, CLASS, ORDER, task, STATUS, STATE, SIMULATED, TRIAL]
        missing = [name for name in needed if name not in names]
        if missing:
            raise ValueError(f"{path}: no column {missing[0]!r}; export the study's answers again as CSV")
        every = [dict(zip(names, row, strict=True)) for row in rows]
    standing = [row for row in every if row[STATE] != WITHDRAWN]
    kept = [row for row in standing if row[STATUS] == COUNTED and row[TRIAL] == MAIN]
    who = who or ("real" if any(row[SIMULATED].lower() == "false" for row in kept) else "simulated")

    def of_them(row):
        return who == "all" or (row[SIMULATED].lower() == "true") == (who == "simulated")

    kept = filter(of_them, kept)
    kept = [
        {name: plain(cell) if name in (ORDER, task, CLASS) else cell for name, cell in row.items()}
        for row in kept
    ]
    if not kept:
        raise ValueError(f"{path}: no counted answers ({who}), so there is nothing to score")
    return {name: [row[name] for row in kept] for name in names}, who


def column_of(names):
    """The column that holds the answers."""
    return CHOICE if CHOICE in names else RATING


def plain(text):
    """The text without the apostrophe that keeps a spreadsheet from running it as a formula."""
    return text[1:] if text[:1] == "'" and text.lstrip("'")[:1] in tuple("=+-@|%\t\r\n") else text


def numbers(texts):
    """Each label as 0, 1, 2 … in the order of its number, and how many there are."""
    labels, index = np.unique(np.array(texts, dtype=np.int64), return_inverse=True)
    return index, len(labels)


def lying(folder, name):
    """Where a file of the export lies: beside answers.csv; or, in a study's archive, among its tables or one folder up."""
    stem = name.partition(".")[0]
    places = (folder / name, folder / f"description-{stem}_data.csv", folder.parent / name)
    return next((path for path in places if path.exists()), folder / name)


def declared(folder, rows, printed):
    """The arms in their order, and what the protocol beside answers.csv declared."""
    path = lying(folder, "protocol.toml")
    protocol = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    arms = list(printed.get("scores") or printed.get("by_arm") or ())
    if not arms:
        seen = {arm for order in set(rows[ORDER]) for arm in order.split(BETWEEN_ARMS) if arm}
        arms = sorted({*seen, *rows.get(CHOICE, ())} - {SAME})
    analysis, each = protocol.get("analysis", {}), protocol.get("design", {}).get("responses_per_item")
    items = len({*rows[ITEM], *map(str, printed.get("missing_items", ()))})
    needed = items * each if each else (printed.get("looks") or {}).get("needed")
    looks = protocol.get("looks") if not narrowed(printed) else None
    return arms, {
        "contrasts": [tuple(arms.index(name) for name in pair) for pair in analysis.get("contrasts", [])],
        "primary": analysis.get("primary", "items"),
        "smallest": analysis.get("smallest_effect"),
        "decided_by": analysis.get("decided_by", "everybody"),
        "looks": looks,
        "has_looks": bool(protocol.get("looks")),
        "needed": needed,
        "left_out": left_out_by(folder) if any(protocol.get("exclusions", {}).values()) else None,
    }


def left_out_by(folder):
    """Participant -> the rules that leave them out, from participants.csv."""
    with open(lying(folder, "participants.csv"), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["participant"]: row["left_out_by"].split("; ") for row in rows if row["left_out_by"]}


def narrowed(printed):
    return any(printed.get(name) for name in ("class", "group", "protocol_version"))


def recomputed(rows, who, arms, plan, seed, printed):
    """Everything, under the names of scores.json."""
    every = Study(rows, arms, plan, seed)
    if plan["left_out"] is None:
        return (
            about(every, who)
            | with_parts(every)
            | {"looks": looks_beside(every, printed), "exclusions": None}
        )
    kept = every.only(np.array([person not in plan["left_out"] for person in rows[PERSON]]))
    decides, other, name = (
        (every, kept, "kept") if plan["decided_by"] == "everybody" else (kept, every, "everybody")
    )
    beside = (printed.get("exclusions") or {}).get(name) or {}
    exclusions = {"flow": flow_of(every, kept), "decided_by": plan["decided_by"], name: {}}
    if other.n:
        counted = {"items": other.items, "responses": other.n, "participants": other.people}
        exclusions[name] = counted | results(other) | {"looks": looks_beside(other, beside)}
    if not decides.n:
        return {"exclusions": exclusions}
    return (
        about(decides, who)
        | with_parts(decides)
        | {"looks": looks_beside(decides, printed), "exclusions": exclusions}
    )


def about(study, who):
    rows = study.rows
    return {
        "task": CHOICE if study.choosing else RATING,
        "who": who,
        "simulated": who == "simulated" or any(cell.lower() == "true" for cell in rows[SIMULATED]),
        "items": study.items,
        "responses": study.n,
        "participants": study.people,
        "imported": sum(bool(cell) for cell in rows.get("imported_from", ())),
        "positions": places(rows, study.arms),
    }


def with_parts(study):
    """The results, and the main effect by person and class."""
    found = results(study)
    return found | {"breakdown": breakdown(study, found)}


def breakdown(study, found):
    """The main effect of all, of each person, without each person, and of each class."""
    if study.choosing:
        if len(study.arms) < 2:
            return None
        lead = found["lead"]
        first, second = (
            study.plan["contrasts"] or [[study.arms.index(lead[name]) for name in ("first", "second")]]
        )[0]
        name = f"{study.arms[first]} − {study.arms[second]}"

    def main(part):
        return (
            part.difference(part.inference(), first, second)
            if study.choosing
            else part.mean(study.plan["primary"])
        )

    people, classes = np.array(study.rows[PERSON]), np.array(study.rows[CLASS])
    return {
        "of": name if study.choosing else "mean rating",
        **main(study),
        "people": [
            {
                "participant": int(person),
                "answers": int((people == person).sum()),
                "estimate": main(study.only(people == person))["estimate"],
                "without": main(study.only(people != person))["estimate"]
                if (people != person).any()
                else None,
            }
            for person in sorted(set(people.tolist()), key=int)
        ],
        "classes": [
            {"class": one, "items": part.items, "answers": part.n, **main(part)}
            for one in sorted(set(classes.tolist()))
            for part in [study.only(classes == one)]
        ],
    }


def looks_beside(study, printed):
    taken = [look["answers"] for look in (printed.get("looks") or {}).get("looks", [])]
    return planned_looks(study, taken[-1] if taken else None)


def results(study):
    return of_choices(study) if study.choosing else of_ratings(study)


def flow_of(study, kept):
    """How many people and answers there are, and whom the first rule that applies leaves out."""
    out, here = study.plan["left_out"], sorted(set(study.rows[PERSON]), key=int)
    first = [out[person][0] for person in here if person in out]
    flow = {"people": len(here), "answers": study.n}
    flow |= {reason: first.count(reason) for reason in REASONS}
    return flow | {"people kept": sum(person not in out for person in here), "answers kept": kept.n}


def places(rows, arms):
    """How often each place on screen was picked, or each side favoured."""
    if CHOICE in rows:
        known = [int(cell) for cell in rows["position"] if cell]
        shown = max((order.count(BETWEEN_ARMS) + 1 for order in rows[ORDER] if order), default=len(arms))
        return {chr(ord("A") + place): known.count(place + 1) for place in range(shown)} | {
            SAME: known.count(0)
        }
    known = [int(cell) for cell in rows["rating_shown"] if cell]
    return {
        "left": sum(value < 0 for value in known),
        "neither": known.count(0),
        "right": sum(value > 0 for value in known),
    }


# --- Comparing -----------------------------------------------------------------------------------------------------


NOT_RECOMPUTED = ("confidence", "showing")  # options of the page: no figure that a study is judged by


def without_options(printed):
    """scores.json without what no script computes again, which is said aloud."""
    left = [name for name in NOT_RECOMPUTED if name in printed]
    if left:
        print(f"not computed again here: {', '.join(left)}", file=sys.stderr)
    return {name: value for name, value in printed.items() if name not in NOT_RECOMPUTED}


def differences(found, printed, where="", draws=True):
    """Every number, truth and null of scores.json that does not come out again, by its name."""
    if isinstance(printed, dict):
        lines = []
        for name, value in printed.items():
            if not where and name in NOT_OF_ANSWERS:
                continue
            if not draws and name in ("p_by", "labels_exchanged"):
                continue
            here = found.get(name) if isinstance(found, dict) else None
            there = isinstance(found, dict) and name in found
            lines += (
                differences(here, value, f"{where} {name}".strip(), draws)
                if there
                else not_here(value, f"{where} {name}".strip())
            )
        return lines
    if isinstance(printed, list):
        if isinstance(found, list | tuple) and len(found) == len(printed):
            return [
                line
                for n, pair in enumerate(zip(found, printed, strict=True))
                for line in differences(*pair, f"{where} {n + 1}", draws)
            ]
        return [f"{where}: {found} here, {printed} there"]
    if (
        printed is None
        or isinstance(printed, bool | str)
        or found is None
        or isinstance(found, str | dict | list)
    ):
        return [] if found == printed else [f"{where}: {found} here, {printed} there"]
    close = math.isclose(found, printed, rel_tol=1e-9, abs_tol=1e-9)
    return [] if close else [f"{where}: {found} here, {printed} there"]


def not_here(value, where):
    """What stands in scores.json alone: texts may, numbers may not."""
    if isinstance(value, str) or value is None or value in ([], {}):
        return []
    if isinstance(value, dict):
        return [line for name, part in value.items() for line in not_here(part, f"{where} {name}")]
    if isinstance(value, list):
        return [line for n, part in enumerate(value) for line in not_here(part, f"{where} {n + 1}")]
    return [f"{where}: {value} there, and nothing here that it comes of"]


def show(found):
    print(
        f"{found['responses']} answers ({found['who']}), {found['participants']} participants, {found['items']} items"
    )

    def ends(pair):
        return "no interval" if pair is None else f"{pair[0]:8.2f} to {pair[1]:.2f}"

    if found["task"] == RATING:
        for name, key in (("answers", "mean"), ("items", "mean_of_items"), ("people", "mean_of_people")):
            print(
                f"mean of {name:8} {found[key]:7.3f}   {ends(found['interval' if key == 'mean' else key + '_interval'])}"
            )
        return
    for name, row in [*found["scores"].items(), (SAME, found["same"])]:
        preferred = row.get("share_of_preferences")
        share = "" if preferred is None else f"{100 * preferred:6.2f} % of preferences"
        print(f"{name:30} {row['score']:9.2f}   {ends(row['interval'])}   {share}")
    for one in found["contrasts"]:
        p = "–" if one["p"] is None else f"{one['p']:.4f}"
        print(f"{one['first']} − {one['second']}: {one['difference']:+.2f}   {ends(one['interval'])}   p {p}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("answers", help="answers.csv of the export")
    parser.add_argument(
        "--who", choices=["real", "simulated", "all"], help="default: real, if anybody real answered"
    )
    parser.add_argument("--seed", type=int, help="the study's seed")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", metavar="scores.json")
    options = parser.parse_args()
    try:
        printed = {}
        if options.check:
            with open(options.check, encoding="utf-8") as file:
                printed = json.load(file)
        rows, who = read(options.answers, options.who or printed.get("who"))
        seed = printed.get("computed_with", {}).get("seed") if options.seed is None else options.seed
        arms, plan = declared(Path(options.answers).parent, rows, printed)
        found = recomputed(rows, who, arms, plan, seed or 0, printed)
        wrong = differences(found, without_options(printed), draws=seed is not None)
    except (OSError, ValueError) as error:
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
