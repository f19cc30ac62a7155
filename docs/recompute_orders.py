"""Recompute in which order a closed study showed its maps, from its exported folder, with numpy and nothing of Blindsight.

    python recompute_orders.py DIR [--json]

DIR is what `manage.py export SLUG --to DIR --format csv` wrote after the study was closed: protocol.toml then names the nonce. Every
trial's order follows from the number of arms and photos, the answers for each photo (of a study that grew, of each stage), the
seed and the nonce. Exit code 1 if
a counted answer was given to another order. It speaks of trials that show all arms, and of pairs; the places of attention checks and
practice follow from the same seed (explain/core/streams.py).
"""

import argparse
import csv
import hashlib
import hmac
import json
import sys
import tomllib
from collections import Counter
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np

HANDS, GROWN = 1, 10  # the streams of what is dealt to which photo, at opening and when the study grew
PAIRS, PAIR_ROUNDS = 11, 12  # of pairs: which arm is which, and what is dealt in which round
BETWEEN_ARMS = " > "  # what stands between arms in answers.csv


def order_seed(seed: int, nonce: str) -> int:
    """HMAC-SHA256 of the seed's decimal digits under the nonce, as a number, its first byte the highest."""
    if not nonce:
        return seed
    return int.from_bytes(hmac.new(bytes.fromhex(nonce), str(seed).encode(), hashlib.sha256).digest(), "big")


def squares(arms: int) -> list[list[tuple[int, ...]]]:
    """Up to four arms: the rotations of each order that begins with arm 0. More: a Williams design, odd ones with its mirror."""
    if arms <= 4:
        firsts = [(0, *rest) for rest in permutations(range(1, arms))]
        return [[(*row[turn:], *row[:turn]) for turn in range(arms)] for row in firsts]
    first = [0] + [(step + 1) // 2 if step % 2 else arms - step // 2 for step in range(1, arms)]
    square = [tuple((place + shift) % arms for place in first) for shift in range(arms)]
    return [square] if arms % 2 == 0 else [square, [row[::-1] for row in square]]


def orders_of(arms: int, items: int, stages: list[int], seed: int) -> list[list[tuple[int, ...]]]:
    """For each photo the orders in which it is asked: one cycle through all orders, dealt out in hands; `stages`: of how many
    answers at opening, and each time that the study grew."""
    random = np.random.default_rng(seed)
    names, latin = random.permutation(arms), squares(arms)
    cycle = [
        tuple(int(names[place]) for place in latin[square][row])
        for square in random.permutation(len(latin))
        for row in random.permutation(arms)
    ]
    random = np.random.default_rng([seed, HANDS])
    dealt: list[list[tuple[int, ...]]] = [[] for _ in range(items)]
    for turn, item in enumerate(random.permutation(items)):
        dealt[item] = [cycle[card % len(cycle)] for card in random.permutation(stages[0]) + turn * stages[0]]
    for stage, (before, now) in enumerate(pairwise(stages), start=1):
        cards = [cycle[card % len(cycle)] for card in range(items * before, items * now)]
        deal_more(dealt, cards, now - before, np.random.default_rng([seed, GROWN, stage]))
    return dealt


def deal_more(dealt, cards, each: int, random: np.random.Generator) -> None:
    """The next cards of the cycle: to each photo orders that it has had least, of those that most are left of; then exchanges."""
    kinds, left, had = list(dict.fromkeys(cards)), Counter(cards), [Counter(orders) for orders in dealt]
    hands: list[list[tuple[int, ...]]] = [[] for _ in dealt]
    for item in random.permutation(len(dealt)):
        for _ in range(each):
            card = min(
                (kind for kind in kinds if left[kind]), key=lambda kind: (had[item][kind], -left[kind])
            )
            left[card] -= 1
            had[item][card] += 1
            hands[item].append(card)
    for item, hand in enumerate(hands):
        for place in range(each):
            card = hand[place]
            better = (
                (kind, other)
                for kind in kinds
                if had[item][kind] < had[item][card] - 1
                for other in range(len(hands))
                if kind in hands[other] and had[other][card] < had[other][kind]
            )
            for kind, other in list(better)[:1]:
                hands[other][hands[other].index(kind)], hand[place] = card, kind
                for one, sign in ((item, 1), (other, -1)):
                    had[one][kind] += sign
                    had[one][card] -= sign
    for orders, hand in zip(dealt, hands, strict=True):
        orders += [hand[place] for place in random.permutation(each)]


def tournament(arms: int) -> list[tuple[int, int]]:
    """Every two arms once, left and right: rings through all arms, each gone around one way; of an even number one round is left over."""
    last, games = arms - 1, []
    if arms % 2:
        for turn in range(last // 2):
            ring = [last] + [
                (turn + (step + 1) // 2 * (1 if step % 2 else -1)) % last for step in range(last)
            ]
            around = [(ring[at], ring[(at + 1) % arms]) for at in range(arms)]
            games += [*around[0:-1:2], around[-1], *around[1::2]]
        return games
    played = [
        [(last, turn)] + [((turn + step) % last, (turn - step) % last) for step in range(1, arms // 2)]
        for turn in range(last)
    ]
    for turn in range(0, last - 1, 2):
        follows, at = {}, 0
        for step in range(arms):
            follows[at] = next(a + b - at for a, b in played[turn + step % 2] if at in (a, b))
            at = follows[at]
        for a, b in played[turn] + played[turn + 1]:
            games.append((a, b) if follows[a] == b else (b, a))
    return games + [(min(game), max(game)) for game in played[-1]]


def deck_of_pairs(arms: int, count: int, seed: int) -> list[tuple[int, int]]:
    """Tournament after tournament; each second one is turned, and of an even number of arms its last round comes first."""
    first, deck, twice = tournament(arms), [], 0
    each = 0 if arms % 2 else arms // 2
    second = [(b, a) for a, b in first[len(first) - each :] + first[: len(first) - each]]
    while len(deck) < count:
        names = np.random.default_rng([seed, PAIRS, twice]).permutation(arms)
        deck += [(int(names[a]), int(names[b])) for a, b in first + second]
        twice += 1
    return deck[:count]


def pairs_of(arms: int, items: int, count: int, seed: int) -> list[list[tuple[int, int]]]:
    """For each photo the pairs that it is asked about: dealt out round by round to whom has had the pair, then its arms, least."""
    dealt: list[list[tuple[int, int]]] = [[] for _ in range(items)]
    deck = deck_of_pairs(arms, items * count, seed)
    for turn in range(count):
        cards = deck[turn * items : (turn + 1) * items]
        left = np.random.default_rng([seed, PAIR_ROUNDS, turn]).permutation(items).tolist()
        hands = []
        pair = [Counter(frozenset(one) for one in hand) for hand in dealt]
        arm = [Counter(one for game in hand for one in game) for hand in dealt]
        for game in cards:
            costs = [
                pair[item][frozenset(game)] * 64 + arm[item][game[0]] + arm[item][game[1]]
                for item in left[:128]
            ]
            at = costs.index(min(costs))
            hands.append(left[at])
            left[at] = left[-1]
            left.pop()
        change_hands(arms, cards, hands, pair)
        for item, game in zip(hands, cards, strict=True):
            dealt[item].append(game)
    return dealt


def change_hands(arms, cards, hands, pair) -> None:
    """Who got a pair oftener than another changes it with whom both are better off by most."""
    every = arms * (arms - 1) // 2
    kinds = [frozenset(game) for game in cards]
    for place in range(len(cards)):
        mine = pair[hands[place]]
        least = min(mine.values()) if len(mine) == every else 0
        if mine[kinds[place]] <= least:
            continue
        better = [
            pair[item][kinds[place]] + mine[kind] - mine[kinds[place]] - pair[item][kind]
            for item, kind in zip(hands, kinds, strict=True)
        ]
        other = better.index(min(better))
        if better[other] < 0:
            hands[place], hands[other] = hands[other], hands[place]


def rows_of(path: Path) -> list[dict[str, str]]:
    in_an_archive = path.parent / "data" / f"description-{path.stem}_data.csv"
    with (path if path.exists() else in_an_archive).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def plain(text: str) -> str:
    """The text without the apostrophe that keeps a spreadsheet from running it as a formula."""
    return text[1:] if text[:1] == "'" and text.lstrip("'")[:1] in tuple("=+-@|%\t\r\n") else text


def recompute(folder: Path) -> dict[str, int]:
    protocol = tomllib.loads((folder / "protocol.toml").read_text("utf-8"))
    design, names = protocol["design"], [arm["name"] for arm in protocol["arms"]]
    if protocol.get("pair", {}).get("kind", "balanced") != "balanced":
        sys.exit(
            "Its pairs were chosen round by round, by what had been answered, so they do not follow from the protocol. "
            "The record of events holds the SHA-256 of each round."
        )
    items = len({row["item"] for row in rows_of(folder / "maps.csv")})
    seed = order_seed(design["seed"], design.get("nonce", ""))
    stages = [*design.get("grown_from", []), design["responses_per_item"]]
    if protocol["task"] == "pair":
        dealt = pairs_of(len(names), items, stages[-1], seed)
    else:
        dealt = orders_of(len(names), items, stages, seed)
    laid_out = Counter(
        (item, BETWEEN_ARMS.join(names[arm] for arm in order))
        for item, orders in enumerate(dealt)
        for order in orders
    )
    counted = [row for row in rows_of(folder / "answers.csv") if row["status"] == "counted" and row["order"]]
    given = Counter((int(row["item"]), plain(row["order"])) for row in counted)
    return {
        "trials": laid_out.total(),
        "answers": given.total(),
        "in the recomputed order": (given & laid_out).total(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the exported folder of a closed study")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = recompute(asked.folder)
    words = "".join(f"{name:<24}{number:>8,}\n" for name, number in found.items())
    sys.stdout.write(json.dumps(found) + "\n" if asked.json else words)
    return int(found["in the recomputed order"] != found["answers"])


if __name__ == "__main__":
    raise SystemExit(main())
