"""Recompute a study's scores and intervals from its exported answers.csv, with numpy and nothing of Blindsight.

    python recompute_scores.py answers.csv [--who real] [--seed 7] [--json] [--check scores.json]

The formulas are those of docs/statistics.md, written again and as plainly as they can be. `--seed` is the study's seed: with
it intervals and p-values are the printed ones, digit for digit. `--check` compares with an exported scores.json, which has the seed
too: exit code 1 if a number differs by more than 1e-9.
"""

import argparse
import csv
import itertools
import json
import math
import sys

import numpy as np

# The columns of answers.csv that are read here. codebook.csv, beside it, describes them all.
ITEM, PERSON, ORDER, CHOICE, RATING = "item", "participant", "order", "choice", "rating"
STATUS, STATE, SIMULATED, TRIAL = "status", "participant_state", "simulated", "trial"
COUNTED, MAIN, WITHDRAWN, SAME, BETWEEN_ARMS = "counted", "main", "withdrawn", "same", " > "
LEVEL, DRAWS, EXCHANGES = 0.95, 2000, 10_000
ENUMERATE = 14  # up to so many signs, all patterns are tried instead of drawn


def read(path: str, who: str | None) -> tuple[dict[str, list[str]], str]:
    """The columns of the answers that count, and whose they are: real people's where there are any."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        names = next(rows, [])
        task = CHOICE if CHOICE in names else RATING
        needed = [ITEM, PERSON, ORDER, task, STATUS, STATE, SIMULATED, TRIAL]
        missing = [name for name in needed if name not in names]
        if missing:
            raise ValueError(f"{path}: no column {missing[0]!r}; export the study's answers again as CSV")
        places = [names.index(name) for name in needed]
        kept = [[row[place] for place in places] for row in rows]
    kept = [row for row in kept if row[4] == COUNTED and row[7] == MAIN and row[5] != WITHDRAWN]
    who = who or ("real" if any(row[6].lower() == "false" for row in kept) else "simulated")
    kept = [row for row in kept if who == "all" or (row[6].lower() == "true") == (who == "simulated")]
    if not kept:
        raise ValueError(f"{path}: no counted answers ({who}), so there is nothing to score")
    if task == CHOICE:
        kept = [[*row[:2], plain(row[2]), plain(row[3]), *row[4:]] for row in kept]
    return dict(zip(needed, map(list, zip(*kept, strict=True)), strict=True)), who


def plain(text: str) -> str:
    """The text without the apostrophe that keeps a spreadsheet from running it as a formula."""
    return text[1:] if text[:1] == "'" and text.lstrip("'")[:1] in tuple("=+-@|%\t\r\n") else text


def numbers(texts: list[str]) -> tuple[np.ndarray, int]:
    """Each label as 0, 1, 2 … in the order of its number, and how many there are."""
    labels, index = np.unique(np.array(texts, dtype=np.int64), return_inverse=True)
    return index, len(labels)


def interval(weight, value, item, person, seed):
    """(k, 2) for k weighted means: draw people and items with replacement, both at once; expanded percentiles of 2,000 draws.

    weight (n, 1) or (n, k), value (n, k). A person who is drawn w times and an item that is drawn v times move a mean
    by (w − 1) and (v − 1) times what their answers add to it; both together are shrunk, because each has the chance of single
    answers in it.
    """
    people, items = person.max() + 1, item.max() + 1
    if people < 2 or items < 2:
        return None
    mean = (weight * value).sum(axis=0)
    added = weight * (value - mean)
    of_people = np.stack([np.bincount(person, column) for column in added.T], axis=1)
    of_items = np.stack([np.bincount(item, column) for column in added.T], axis=1)
    alone = (of_people**2).sum(axis=0), (of_items**2).sum(axis=0)
    both = alone[0] + alone[1]
    wanted = np.maximum(np.maximum(*alone), both - (added**2).sum(axis=0))
    shrunk = np.sqrt(np.where(both > 0, wanted / np.where(both > 0, both, 1), 1))
    people_rng, items_rng = np.random.default_rng(seed).spawn(2)
    drawn = []
    for _ in range(DRAWS):
        w = np.bincount(people_rng.integers(people, size=people), minlength=people)
        v = np.bincount(items_rng.integers(items, size=items), minlength=items)
        drawn.append(mean + shrunk * ((w - 1) @ of_people + (v - 1) @ of_items))
    n = min(people, items)
    upper = (1 + math.erf(student_t(n - 1) * math.sqrt(n / (n - 1) / 2))) / 2
    return np.quantile(drawn, [1 - upper, upper], axis=0).T


def student_t(freedom: int) -> float:
    """The upper end of Student's t at LEVEL. With x = √f · tan θ its density is proportional to cos^(f − 1) θ."""
    edges = np.linspace(0, np.pi / 2, 2_000_001)
    middles = (edges[1:] + edges[:-1]) / 2
    below = np.concatenate([[0], np.cumsum(np.cos(middles) ** (freedom - 1))])
    return math.sqrt(freedom) * math.tan(np.interp(LEVEL * below[-1], below, edges))


def sign_test(values, seed):
    """Two-sided p of Σ values among Σ ± values: exact where that can be counted, else from 10,000 draws. None if all are 0."""
    sizes, how_many = np.unique(np.round(np.abs(values), 12), return_counts=True)
    sizes, how_many = sizes[sizes > 0], how_many[sizes > 0]
    n = int(how_many.sum())
    if n == 0:
        return None
    least = abs(values.sum()) - 1e-9 * (sizes @ how_many)
    if len(sizes) == 1:
        fewer = min(int((values > 0).sum()), int((values < 0).sum()))
        return min(1.0, 2 * sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n)
    if n <= ENUMERATE:
        every = np.array(list(itertools.product((-1, 1), repeat=n))) @ np.repeat(sizes, how_many)
        return float(np.mean(np.abs(every) >= least))
    rng, drawn = np.random.default_rng(seed), np.zeros(EXCHANGES)
    for size, count in zip(sizes, how_many, strict=True):
        drawn += size * (2 * rng.binomial(count, 0.5, EXCHANGES) - count)
    return float((1 + np.sum(np.abs(drawn) >= least)) / (1 + EXCHANGES))


def contrasts(names, votes, item, person, seed):
    """Each pair of arms: the difference of totals, and p with labels exchanged by trial, by item and by person; the largest counts."""
    found = {}
    for a, b in itertools.permutations(range(len(names) - 1), 2):
        speaks = (votes[:, a] - votes[:, b]) / np.bincount(item)[item]
        by = {"trials": speaks, "items": np.bincount(item, speaks), "people": np.bincount(person, speaks)}
        p_by = {unit: sign_test(values, seed) for unit, values in by.items()}
        known = [1.0 if p is None else p for p in p_by.values()]
        p = None if all(p is None for p in p_by.values()) else max(known)
        found[f"{names[a]} − {names[b]}"] = {"difference": float(speaks.sum()), "p_by": p_by, "p": p}
    return found


def of_choices(rows: dict, seed: int) -> dict:
    item, items = numbers(rows[ITEM])
    person, people = numbers(rows[PERSON])
    arms = sorted({arm for order in set(rows[ORDER]) for arm in order.split(BETWEEN_ARMS) if arm})
    arms = sorted({*arms, *rows[CHOICE]} - {SAME})
    names = [*arms, SAME]
    votes = np.eye(len(names))[[names.index(choice) for choice in rows[CHOICE]]]
    weight = 1 / np.bincount(item)[item][:, None] / items  # an item's answers share 1.00
    totals = (weight * votes).sum(axis=0) * items
    ends = None if len(set(rows[CHOICE])) < 2 else interval(weight, votes, item, person, seed)
    ends = None if ends is None else np.clip(ends, 0, 1) * items
    preferences = totals[:-1].sum()
    table = {
        name: {
            "score": float(total),
            "share": float(total / items),
            "share_of_preferences": float(total / preferences) if preferences > 0 else None,
            "interval": None if ends is None else ends[place].tolist(),
        }
        for place, (name, total) in enumerate(zip(names, totals, strict=True))
    }
    same = table.pop(SAME)
    del same["share_of_preferences"]
    versus = contrasts(names, votes, item, person, seed)
    about = {"task": "choice", "items": items, "participants": people}
    return {**about, "scores": table, "same": same, "contrasts": versus}


def of_ratings(rows: dict, seed: int) -> dict:
    item, items = numbers(rows[ITEM])
    person, people = numbers(rows[PERSON])
    rating = np.array(rows[RATING], dtype=float)

    weight = np.stack([np.full(len(item), 1 / len(item)), 1 / np.bincount(item)[item] / items], axis=1)
    value = np.stack([rating, rating], axis=1)
    mean, of_items = (weight * value).sum(axis=0)
    ends = None if len(set(rows[RATING])) < 2 else interval(weight, value, item, person, seed)
    ends = None if ends is None else np.clip(ends, -2, 2)
    return {
        "task": "rating",
        "items": items,
        "participants": people,
        "mean": float(mean),
        "interval": None if ends is None else ends[0].tolist(),
        "mean_of_items": float(of_items),
        "mean_of_items_interval": None if ends is None else ends[1].tolist(),
    }


def differences(found, printed, intervals: bool, where: str = "") -> list[str]:
    """What is in both and not the same."""
    if isinstance(found, dict) and isinstance(printed, dict):
        chance = ("interval", "mean_of_items_interval", "p", "p_by")
        names = [n for n in found if n in printed and (intervals or n not in chance)]
        lines = [line for n in names for line in differences(found[n], printed[n], intervals, f"{where} {n}")]
        arms = set(found) ^ set(printed) if where == " scores" else ()
        unknown = [arm for arm in arms if {**found, **printed}[arm]["score"] != 0]  # nobody chose the others
        return lines + [f"arm {arm}: on one side only" for arm in unknown]
    if found is None or printed is None or isinstance(found, str):
        same = found == printed
    else:
        same = np.shape(found) == np.shape(printed) and np.allclose(found, printed, rtol=0, atol=1e-9)
    return [] if same else [f"{where.strip()}: {found} here, {printed} there"]


def printed_scores(path: str) -> dict:
    """An exported scores.json, its contrasts by name."""
    with open(path, encoding="utf-8") as file:
        printed = json.load(file)
    if "contrasts" in printed:
        printed["contrasts"] = {f"{one['first']} − {one['second']}": one for one in printed["contrasts"]}
    return printed


def show(found: dict) -> None:
    print(f"{found['responses']} answers ({found['who']}), {found['participants']} participants, {found['items']} items")  # fmt: skip

    def ends(pair):
        return "no interval" if pair is None else f"{pair[0]:8.2f} to {pair[1]:.2f}"

    if found["task"] == "rating":
        print(f"mean of answers {found['mean']:7.3f}   {ends(found['interval'])}")
        print(f"mean of items   {found['mean_of_items']:7.3f}   {ends(found['mean_of_items_interval'])}")
        return
    for name, row in [*found["scores"].items(), (SAME, found["same"])]:
        preferred = row.get("share_of_preferences")
        share = "" if preferred is None else f"{100 * preferred:6.2f} % of preferences"
        print(f"{name:30} {row['score']:9.2f}   {ends(row['interval'])}   {share}")


def main() -> int:
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
        rows, who = read(options.answers, options.who)
        count = of_choices if CHOICE in rows else of_ratings
        printed = printed_scores(options.check) if options.check else {}
        seed = printed.get("computed_with", {}).get("seed") if options.seed is None else options.seed
        found = {"responses": len(rows[ITEM]), "who": who, **count(rows, seed or 0)}
        wrong = differences(found, printed, seed is not None)
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
