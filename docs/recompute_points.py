"""Recompute every figure of scores.json of a study of best and worst, or of rankings, from its exported files: numpy alone.

    python recompute_points.py answers.csv [--who real] [--seed 7] [--json] [--check scores.json]

What an answer gives each arm, and the strengths, are here; all else, the inference too, is that of recompute_scores.py beside this file.
"""

import importlib.util
import itertools
import math
import sys
from pathlib import Path

import numpy as np

_SPEC = importlib.util.spec_from_file_location("scores", Path(__file__).with_name("recompute_scores.py"))
base = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(base)

BEST_WORST, RANKING = "best_worst", "ranking"  # columns, of which a file has one
SHOWN = {BEST_WORST: "best_worst_positions", RANKING: "ranking_positions"}
BEFORE, ALIKE = " > ", " = "


def groups(cell, names):
    """A cell as groups of indices, the best first."""
    texts = sorted(names, key=len, reverse=True)

    def rest(text):
        for name in texts:
            if text == name:
                return [(names.index(name), "")]
            for between in (BEFORE, ALIKE):
                if text.startswith(name + between):
                    tail = rest(text[len(name + between) :])
                    if tail:
                        return [(names.index(name), between), *tail]
        return []

    found = [[]]
    for index, between in rest(cell):
        found[-1].append(index)
        if between == BEFORE:
            found.append([])
    if found == [[]]:
        raise ValueError(f"{cell!r}: not made of {', '.join(names)}")
    return found


def points(ranking, arms, column):
    """What one answer gives each arm: best +1 and worst −1, or how many arms it stands before, and half of those beside it."""
    given = np.zeros(arms)
    if column == BEST_WORST:
        (best,), (worst,) = ranking
        given[best], given[worst] = 1, -1
        return given
    behind = arms
    for group in ranking:
        behind -= len(group)
        given[group] = behind + (len(group) - 1) / 2
    return given


class Study(base.Study):
    """As in recompute_scores.py, of answers that give arms points."""

    def __init__(self, rows, arms, plan, seed):
        self.rows, self.arms, self.plan, self.seed, self.choosing = rows, arms, plan, seed, True
        self.column = BEST_WORST if BEST_WORST in rows else RANKING
        self.item, self.items = base.numbers(rows[base.ITEM])
        self.person, self.people = base.numbers(rows[base.PERSON])
        self.n, self.enough = len(self.item), self.items > 1 and self.people > 1
        cells, self.kind = np.unique(rows[self.column], return_inverse=True)
        self.kinds = len(cells)
        self.rankings = [groups(str(cell), arms) for cell in cells]
        self.points = np.array([points(ranking, len(arms), self.column) for ranking in self.rankings])
        self.reach = 1.0 if self.column == BEST_WORST else (len(arms) - 1) / 2
        self.middle = 0.0 if self.column == BEST_WORST else (len(arms) - 1) / 2

    def only(self, kept):
        rows = {
            name: [cell for cell, keep in zip(column, kept, strict=True) if keep]
            for name, column in self.rows.items()
        }
        return Study(rows, self.arms, self.plan, self.seed)

    def change(self, a, b):
        return self.points[:, a] - self.points[:, b]

    def difference(self, model, a, b, level=base.LEVEL, factor=1.0):
        return base.judged(self.effect(model, self.change(a, b)), 2 * self.reach, self.enough, level, factor)

    def figure(self, points):
        return points if self.column == BEST_WORST else len(self.arms) - points

    def figures(self, model):
        """Of each arm the mean, as it is called, and its interval."""
        for column in self.points.T:
            one = base.judged(self.effect(model, column - self.middle), self.reach, self.enough)
            ends = one["interval"] and sorted(self.figure(end + self.middle) for end in one["interval"])
            yield self.figure(one["estimate"] + self.middle), ends, one["df"]

    def shares(self, model, best):
        """Of each arm how often it stands first, or last, and the interval; arms that tie share it."""
        end = self.points.max(axis=1, keepdims=True) if best else self.points.min(axis=1, keepdims=True)
        of = self.points == end
        of = of / of.sum(axis=1, keepdims=True)
        ends = [None] * len(self.arms)
        if self.enough:
            ends = base.share_intervals([model.effect(column) for column in of.T])
        return list(zip((model.share @ of).tolist(), ends, strict=True))


# --- Strengths -----------------------------------------------------------------------------------------------------


def chances_of(study, ranking):
    """One answer as choices: the sets of arms that could have been chosen, and which was."""
    arms = range(len(study.arms))
    if study.column == BEST_WORST:
        return [(list(itertools.permutations(arms, 2)), (ranking[0][0], ranking[1][0]))]
    left, steps = list(arms), []
    sizes = sorted({len(group) for each in study.rankings for group in each} | {1})
    for group in ranking:
        if len(left) > 1:
            options = [one for size in sizes for one in itertools.combinations(left, size)]
            steps.append((options, tuple(sorted(group))))
        left = [arm for arm in left if arm not in group]
    return steps


def row_of(study, option):
    """What an option adds to each parameter: log worths of the arms after the first, then log δ of each size of a tie."""
    sizes = sorted({len(group) for each in study.rankings for group in each} - {1})
    row = np.zeros(len(study.arms) + len(sizes))
    if study.column == BEST_WORST:
        row[option[0]], row[option[1]] = 1, -1
        return row[1 : len(study.arms)]
    row[list(option)] = 1 / len(option)
    if len(option) > 1:
        row[len(study.arms) + sizes.index(len(option))] = 1
    return row[1:]


def strengths(study):
    """(worth, interval) of each arm, by Newton's method; None where there are none."""
    arms, nothing = len(study.arms), [(None, None)] * len(study.arms)
    steps = [
        [
            (np.array([row_of(study, one) for one in options]), options.index(chosen))
            for options, chosen in one
        ]
        for one in (chances_of(study, ranking) for ranking in study.rankings)
    ]
    counts = np.bincount(study.kind)

    def slopes(at):
        each, information = np.zeros((study.kinds, len(at))), np.zeros((len(at), len(at)))
        for kind, choices in enumerate(steps):
            for x, chosen in choices:
                chance = np.exp(x @ at - (x @ at).max())
                chance /= chance.sum()
                apart = x - chance @ x
                each[kind] += apart[chosen]
                information += counts[kind] * (apart.T * chance) @ apart
        return each, information

    width = row_of(study, (0, 1)).shape[0]
    at = np.zeros(width)
    if np.linalg.matrix_rank(slopes(at)[1]) < width:
        return nothing
    for _ in range(100):
        each, information = slopes(at)
        step = np.linalg.solve(information + 1e-10 * np.eye(width), counts @ each)
        at = at + step / max(1.0, abs(step).max())
        if abs(step).max() < 1e-10:
            break
    if abs(at).max() > 12:
        return nothing
    worth = np.exp(np.append(0.0, at[: arms - 1]))
    worth /= worth.sum()
    if not study.enough:
        return [(one, None) for one in worth.tolist()]
    each, information = slopes(at)
    moves = study.n * np.hstack(
        [np.zeros((study.kinds, 1)), np.linalg.solve(information, each.T).T[:, : arms - 1]]
    )
    model, found = study.inference("answers"), []
    for arm, one in enumerate(worth.tolist()):
        odds = (moves[:, arm] - moves @ worth) / (1 - one)
        middle = math.log(one) - math.log1p(-one)
        _, variance, df, *_ = model.effect(odds, estimate=middle)
        reach = base.t_quantile((1 + base.LEVEL) / 2, df) * math.sqrt(variance)
        found.append((one, [1 / (1 + math.exp(-end)) for end in (middle - reach, middle + reach)]))
    return found


# --- Results -------------------------------------------------------------------------------------------------------


def all_arms(study, model):
    """F, its degrees of freedom and p of all arms alike."""
    arms, change = len(study.arms), study.points[:, :-1] - study.points[:, -1:]
    if arms < 2 or not study.enough:
        return None, None, None
    if study.kinds == 1:
        units = min(study.people, study.items)
        return None, None, float(arms) ** (1 - units) if np.ptp(study.points) else None
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
    return f, [q, df - q + 1], base.f_tail(f, q, df - q + 1)


def sizes_of(study, model, a, b):
    """The chance to stand before, and the mean difference in standard deviations of single answers."""
    values = study.change(a, b)
    scaled = base.sizes_of_mean(
        _Scaled(model, study, 2 / (2 * study.reach)), values * (2 / (2 * study.reach)), study.enough
    )
    return {"superiority": scaled["superiority"], "dz": scaled["dz"]}


class _Scaled:
    """The same shares: `sizes_of_mean` takes values to lie between −2 and 2, to which these are brought."""

    def __init__(self, model, study, factor):
        self.share, self.effect = (
            model.share,
            lambda change, estimate=None: (
                study.effect(model, change) if estimate is None else model.effect(change, estimate=estimate)
            ),
        )


def contrasts(study, model, declared):
    pairs = itertools.combinations(range(len(study.arms)), 2)
    every = [*declared, *(pair for pair in pairs if set(pair) not in map(set, declared))]
    each = [study.difference(model, *pair) for pair in every]
    family = base.Family(model, [study.change(*pair) for pair in every], study.enough)
    level = family.level()
    wide = [study.difference(model, *pair, level=level) for pair in every]
    adjusted = base.holm([one["p"] for one in each[: len(declared)]])
    found, small = [], []
    for place, ((a, b), one) in enumerate(zip(every, each, strict=True)):
        speaks = study.change(a, b)[study.kind] / np.bincount(study.item)[study.item]
        by = {
            "trials": speaks,
            "items": np.bincount(study.item, speaks),
            "people": np.bincount(study.person, speaks),
        }
        beside = None
        if study.plan["smallest"] and study.enough:
            effect = study.effect(model, study.change(a, b))
            beside = base.equivalence(effect, 2 * study.reach, study.plan["smallest"])
            small.append(beside["p"])
        found.append(
            {
                "equivalence": beside,
                "effect_sizes": sizes_of(study, model, a, b),
                "first": study.arms[a],
                "second": study.arms[b],
                "difference": one["estimate"],
                "interval": one["interval"],
                "p_by": {unit: base.sign_flips(values, study.seed) for unit, values in by.items()},
                "p": one["p"],
                "df": one["df"],
                "p_holm": adjusted[place] if place < len(declared) else None,
                "interval_all_pairs": wide[place]["interval"],
                "p_all_pairs": None if one["p"] is None else family.p(one["p"]),
                "exploratory": place >= len(declared),
            }
        )
    small = base.holm(small[: len(declared)])
    for place, one in enumerate(found):
        if one["equivalence"]:
            one["equivalence"] |= base.decided(small[place] if place < len(declared) else None)
    return found


def estimand(study, per):
    model = study.inference(per)
    lines = {
        name: {"estimate": figure, "interval": ends, "p": None, "df": df}
        for name, (figure, ends, df) in zip(study.arms, study.figures(model), strict=True)
    }
    pairs = itertools.combinations(range(len(study.arms)), 2)
    return lines | {f"{study.arms[a]} − {study.arms[b]}": study.difference(model, a, b) for a, b in pairs}


def results(study):
    model, arms = study.inference(), study.arms
    firsts, lasts, worths = study.shares(model, True), study.shares(model, False), strengths(study)
    name = "score" if study.column == BEST_WORST else "mean_rank"
    scores = {
        arm: {
            name: figure,
            "interval": ends,
            "first": first[0],
            "first_interval": first[1],
            "last": last[0],
            "last_interval": last[1],
            "strength": worth[0],
            "strength_interval": worth[1],
        }
        for arm, (figure, ends, _), first, last, worth in zip(
            arms, study.figures(model), firsts, lasts, worths, strict=True
        )
    }
    means = np.round(model.share @ study.points, 12)
    lead = None
    if len(arms) > 1:
        first, second = np.argsort(-means, kind="stable").tolist()[:2]
        lead = {"first": arms[first], "second": arms[second], **study.difference(model, first, second)}
    f, df, p = all_arms(study, model)
    found = {
        "scores": scores,
        "lead": lead,
        "contrasts": contrasts(study, model, [] if study.plan["has_looks"] else study.plan["contrasts"]),
        "any_difference": {"statistic": f, "df": df, "p": p},
        "estimands": {per: estimand(study, per) for per in base.PER},
    }
    if study.column == RANKING:
        tied = np.array([float(any(len(group) > 1 for group in ranking)) for ranking in study.rankings])
        found["ties"] = float(model.share @ tied)
    return found


def places(rows, arms):
    """How often each place on screen came first alone; several of them: “tied”."""
    column = BEST_WORST if BEST_WORST in rows else RANKING
    cells = [cell for cell in rows[SHOWN[column]] if cell]
    firsts = [groups(cell, [str(number + 1) for number in range(len(arms))])[0] for cell in cells]
    alone = [first[0] for first in firsts if len(first) == 1]
    found = {chr(ord("A") + place): alone.count(place) for place in range(len(arms))}
    return found if column == BEST_WORST else found | {"tied": len(firsts) - len(alone)}


def about(study, who, about=base.about):
    return about(study, who) | {
        "task": study.column.replace("_", "-") if study.column == BEST_WORST else "rank"
    }


def show(found):
    print(
        f"{found['responses']} answers ({found['who']}), {found['participants']} participants, {found['items']} items"
    )
    for name, row in found["scores"].items():
        ends = row["interval"]
        said = "no interval" if ends is None else f"{ends[0]:8.2f} to {ends[1]:.2f}"
        print(
            f"{name:30} {row.get('score', row.get('mean_rank')):9.2f}   {said}   first in {100 * row['first']:.1f} %"
        )
    for one in found["contrasts"]:
        p = "–" if one["p"] is None else f"{one['p']:.4f}"
        print(f"{one['first']} − {one['second']}: {one['difference']:+.2f}   p {p}")


def column_of(names):
    return BEST_WORST if BEST_WORST in names else RANKING


base.Study, base.results, base.places, base.about, base.show = Study, results, places, about, show
base.column_of = column_of

if __name__ == "__main__":
    sys.exit(base.main())
