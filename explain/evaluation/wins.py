"""% wins among the three methods of the paper's tables; any other method is counted in the place of one of them. numpy only."""

from collections.abc import Mapping, Sequence

import numpy as np

from explain.cam.metrics.faithfulness import win_shares
from explain.cam.names import CONTROL_NAMES, base_name

ABLATION, PIXEL = "ablation-cam", "pixel-ablation-cam"
OF_THE_PAPER = ("grad-cam", ABLATION, PIXEL)
# a method that the paper's tables do not have, and the one of theirs in whose place its wins are counted
IN_PLACE_OF = {"ablation-cam++": ABLATION}
SCORES = ("confidence", "activation")
Columns = Mapping[str, Mapping[str, np.ndarray]]


def in_place_of(method: str) -> str:
    """The paper's method in whose place another stands: readings, controls and the rest in that of Pixel Ablation-CAM."""
    return IN_PLACE_OF.get(method, PIXEL)


def what_it_is(method: str) -> str:
    """What a method beside the paper's three is, to be named with its wins; empty where it is simply another method."""
    if method.startswith(f"{PIXEL}/"):
        return "a reading"
    return "a control" if base_name(method) in CONTROL_NAMES else ""


def wins_by_score(columns: Columns) -> dict[str, dict[str, float]]:
    """By score and method the % of photos where it leaves most of the score among the paper's three.

    Any other method is counted in the place of one of the three, so that it takes no wins away from them. Empty where one
    of the three is not there, and for a score that no photo has.
    """
    if not all(method in columns for method in OF_THE_PAPER):
        return {}
    by_score = {
        score: {method: share for method in columns if (share := _win(columns, method, score)) is not None}
        for score in SCORES
    }
    return {score: wins for score, wins in by_score.items() if wins}


def wins_of(columns: Columns) -> dict[str, tuple[float, ...]]:
    """The same by method: its share in confidence and in activation, as far as there are any."""
    by_score = wins_by_score(columns)
    if not all(method in columns for method in OF_THE_PAPER):
        return {}
    return {method: tuple(wins[method] for wins in by_score.values() if method in wins) for method in columns}


def wins_in_words(methods: Sequence[str]) -> list[str]:
    """Among whom wins are counted, and in whose place any other method is."""
    lines = [f"% win: among {', '.join(OF_THE_PAPER)}, the methods of the paper's tables."]
    for instead in OF_THE_PAPER:
        others = [
            method for method in methods if method not in OF_THE_PAPER and in_place_of(method) == instead
        ]
        if others:
            named = ", ".join(
                f"{method} ({what})" if (what := what_it_is(method)) else method for method in others
            )
            lines.append(f"Counted in the place of {instead}: {named}.")
    return lines


def _win(columns: Columns, method: str, score: str) -> float | None:
    instead = method if method in OF_THE_PAPER else in_place_of(method)
    rivals = [method if name == instead else name for name in OF_THE_PAPER]
    kept = columns[method][score] > 0
    left = {name: columns[name][f"{score}_left"][kept] for name in rivals}
    if not kept.any() or not all(np.isfinite(values).all() for values in left.values()):
        return None
    return 100 * win_shares(left)[method]
