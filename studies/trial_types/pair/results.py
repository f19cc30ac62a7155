"""The results of pairs: strengths, ranks that hold together, contrasts of arms, and whether people favour a side."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np

from studies.analysis.agreement import Scale, position_bias_of
from studies.analysis.answers import SAME_NAME
from studies.analysis.contrasts import Judged
from studies.analysis.inference.effects import Method
from studies.analysis.inference.equivalence import ALPHA, corrected
from studies.analysis.inference.simultaneous import holm
from studies.analysis.intervals import Per
from studies.analysis.paired import ranks, strengths
from studies.analysis.paired.answers import Pairs, among, pair_number, said
from studies.analysis.paired.exchange import exchange_in_trials
from studies.analysis.resampling import caution
from studies.analysis.table import UNKNOWN, Answers
from studies.core.formatting import signed

from ..results import (
    METHODS_IN_WORDS,
    PER_IN_WORDS,
    Compared,
    ContrastRow,
    Estimand,
    Further,
    LookVerdict,
    OtherInterval,
    Results,
    judged_json,
    or_none,
    verdict,
)
from ..sentences import parted, uneven
from ..sizes import Sized
from .kinds import Kind
from .outcome import Contrast, Line, PairOutcome, listed

if TYPE_CHECKING:
    from rest_framework.serializers import Field

UNIT = "difference of preferences"
READABLE = 45  # effect sizes on a page; contrasts.csv and scores.json have all
PER: tuple[Per, ...] = ("answers", *(per for per in get_args(Per) if per != "answers"))
NEVER_COMPARED = "never compared, neither with each other nor by way of others: nothing tells how they differ"
AT_ANY_TIME = (
    "This comparison has no end. Ranks, and which arms cannot be told apart, hold whenever somebody looks, all at once with 95 %; intervals of "
    "strengths, and the p of a contrast, are of one look at a moment that does not depend on the answers."
)
CHOSEN = (
    "Pairs were chosen by earlier answers. Ranks, and which arms cannot be told apart, allow for that: they hold at any moment, all at once "
    "with 95 %. Intervals of strengths and the p of a contrast are as of a balanced study, of which 93 to 97 % hold in simulated ones."
)
HELPED = (
    "An arm, a side or “same” won or lost every time, so no finite strengths fit best. To what people answered one answer beside an arm "
    "of average strength was added for each arm, half won and half lost (and as much for side and “same”): strengths are drawn "
    "together a little, and intervals allow for what so many answers leave open."
)


class PairResults(Results):
    """Bradley–Terry–Davidson strengths with a side term."""

    scale: ClassVar[Scale] = "nominal"
    place = "side"
    unit = "of those who prefer one (difference of preferences)"
    sizes_help = (
        "Chance to be preferred: of those who prefer one of the two, the share that prefers the first; ½ is no difference. Odds: how many times "
        "as many prefer the first; 1 is no difference. Both are the fitted difference of strengths on another scale, so they leave “no "
        "difference” out together."
    )
    of_items = "Wins less losses"
    of_items_in_words = "Wins less losses of each arm, as a share of the answers about it"
    recomputed_by = "docs/recompute_pairs.py"
    methods_template = "trial_types/pair/report/methods.html"

    def __init__(self, kind: Kind = Kind.BALANCED) -> None:
        """Where pairs were chosen by earlier answers, what is found must allow for that; in an arena it must hold whenever somebody looks."""
        self._chosen = kind != Kind.BALANCED
        self._note = {Kind.ARENA: AT_ANY_TIME, Kind.ADAPTIVE: CHOSEN}.get(kind, "")

    def _better(self, answers: Pairs) -> np.ndarray:
        found = strengths.better_at_any_time if self._chosen else strengths.better_of
        return found(answers).table

    def table(self, columns: Mapping[str, np.ndarray], arms: int) -> Pairs:
        return Pairs(**columns, arms=arms)

    def totals(self, items: np.ndarray, values: np.ndarray, counts: np.ndarray, arms: int) -> np.ndarray:
        """(arms, arms): how often the arm of the row was preferred to that of the column."""
        wins = np.zeros((arms, arms))
        a, b, outcome = said(values)
        for first, second, code in ((a, b, 0), (b, a, 1)):
            rows = outcome == code
            np.add.at(wins, (first[rows], second[rows]), counts[rows])
        return wins

    def about(self, answers: Answers, arms: Sequence[int]) -> Pairs:
        assert isinstance(answers, Pairs)
        return among(answers, arms)

    def judged(self, answers: Answers) -> Answers:
        """Two people agree about a photo and two arms."""
        assert isinstance(answers, Pairs)
        a, b, _ = answers.compared
        pairs = answers.arms * (answers.arms - 1) // 2
        return replace(answers, items=answers.units.item * pairs + pair_number(a, b))

    def outcome(self, answers: Answers, compared: Compared) -> PairOutcome:
        assert isinstance(answers, Pairs)
        if not len(answers):
            return PairOutcome(arms=compared.arms)
        found, names = strengths.strengths_of(answers), compared.arms
        better = self._better(answers)
        known = [float(at) for at in found.fit.strengths]
        placed = dict(zip(found.arms.tolist(), ranks.ranks(known, better), strict=True))
        wins, same = answers.wins.astype(int), answers.same.astype(int)
        return PairOutcome(
            arms=names,
            items=answers.units.items,
            notes=(*([self._note] if self._note else []), *_notes(answers, names)),
            answers=len(answers),
            said_same=int(same.sum()) // 2,
            lines=tuple(
                Line(
                    name,
                    arm,
                    placed.get(at),
                    int(wins[at].sum()),
                    int(wins[:, at].sum()),
                    int(same[at].sum()),
                )
                for at, (name, arm) in enumerate(zip(names, strengths.arms_of(answers), strict=True))
            ),
            wins=tuple(map(tuple, wins.tolist())),
            groups=()
            if found.basis is None
            else tuple(
                tuple(names[int(found.arms[at])] for at in group) for group in ranks.alike(known, better)
            ),
            parts=tuple(tuple(names[at] for at in part) for part in _parts(answers)),
            tie=strengths.tie_of(answers),
            side=strengths.side_of(answers),
            any_pair=strengths.any_pair_of(answers),
            lead=_lead(answers),
            rivals=_rivals(found, better, names),
            contrasts=tuple(_contrasts(answers, compared)),
        )

    def further(self, answers: Answers, compared: Compared) -> Further:
        assert isinstance(answers, Pairs)
        known = answers.only(answers.shown != UNKNOWN)
        return Further(
            sized=tuple(_sized(row) for row in _shown(_contrasts(answers, compared))),
            estimands=_estimands(answers, compared),
            tests={"all arms, in trials": exchange_in_trials(answers, seed=compared.seed)},
            positions=or_none(lambda: position_bias_of(known.units, known.shown, 2, seed=compared.seed)),
            methods=tuple(_other_interval(answers, method) for method in get_args(Method)),
            methods_of="the strengths",
            methods_columns=compared.arms,
        )

    def figures(self, answers: Answers, compared: Compared) -> Sequence[tuple[str, Judged]]:
        assert isinstance(answers, Pairs)
        return _strength_lines(answers, compared.arms, "answers")

    def contrast_rows(self, answers: Answers, compared: Compared) -> list[ContrastRow]:
        assert isinstance(answers, Pairs)
        return [
            ContrastRow(row.first, row.second, row.found, row.p_holm, row.planned, _sized(row))
            for row in _contrasts(answers, compared)
        ]

    def tests_json(self, answers: Answers, compared: Compared) -> dict[str, Any]:
        assert isinstance(answers, Pairs)
        if not len(answers):
            return {"contrasts": [], "any_difference": None, "estimands": {}}
        joint = strengths.any_difference_of(answers)
        return {
            "contrasts": [_contrast_json(row) for row in _contrasts(answers, compared)],
            "any_difference": {
                "test": "all connected arms equally strong over people and items (F)",
                "statistic": joint.statistic,
                "df": list(joint.df) if joint.df else None,
                "p": joint.p,
                "p_any_pair": strengths.any_pair_of(answers),
                "note": joint.note,
                "labels_exchanged": asdict(exchange_in_trials(answers, seed=compared.seed)),
            },
            "estimands": {one.per: one.as_json() for one in _estimands(answers, compared)},
        }

    def verdicts(self, answers: Answers, compared: Compared, level: float) -> tuple[LookVerdict, ...]:
        assert isinstance(answers, Pairs)
        arms = compared.arms
        judged = strengths.judge_pairs(answers, compared.declared, level=level)
        return tuple(
            verdict(f"{arms[a]} − {arms[b]}", found or _unknown(), level, UNIT, compared.smallest)
            for (a, b), found in zip(compared.declared, judged, strict=True)
        )

    def json_fields(self) -> dict[str, "Field"]:
        from .schema import json_fields  # here, because it needs Django's apps, and models stand on this room

        return json_fields()

    def item_columns(self, arms: tuple[str, ...]) -> list[str]:
        return list(arms)

    def item_figures(self, answers: Answers) -> list[tuple[float, ...]]:
        assert isinstance(answers, Pairs)
        a, b, outcome = answers.compared
        items, k = answers.units.items, answers.arms
        net, asked = np.zeros((items, k)), np.zeros((items, k))
        gain = np.select([outcome == 0, outcome == 1], [1.0, -1.0], 0.0)
        for arm, sign in ((a, 1), (b, -1)):
            np.add.at(net, (answers.units.item, arm), sign * gain)
            np.add.at(asked, (answers.units.item, arm), 1)
        return [tuple(row) for row in (net / np.maximum(asked, 1)).tolist()]

    def item_figure_in_words(self, figure: float) -> str:
        return signed(figure)

    def places(self, values: np.ndarray, shown: int) -> dict[str, int]:
        return {
            "A": int((values == 0).sum()),
            "B": int((values == 1).sum()),
            SAME_NAME: int((values == -1).sum()),
        }

    def favoured(self, values: np.ndarray) -> np.ndarray:
        return values

    def places_to_favour(self, shown: int) -> int:
        return 2


def _unknown() -> Judged:
    return Judged(0.0, None, None, None, NEVER_COMPARED)


def _rivals(found: strengths.Strengths, better: np.ndarray, names: tuple[str, ...]) -> tuple[str, ...]:
    """Whom the strongest arm is not found to be better than, the next first."""
    first, *others = np.argsort(-found.fit.strengths, kind="stable").tolist()
    return tuple(names[int(found.arms[at])] for at in others if not better[first, at])


def _parts(answers: Pairs) -> list[list[int]]:
    return ranks.components(answers.wins + answers.same)


def _notes(answers: Pairs, names: tuple[str, ...]) -> list[str]:
    found, parts = strengths.strengths_of(answers), _parts(answers)
    notes = []
    if len(parts) > 1:
        said_of = "; ".join(listed([names[at] for at in part]) for part in parts)
        notes.append(
            f"Never compared, neither with each other nor by way of others: {said_of}. Strengths, ranks and contrasts are of "
            f"{listed([names[int(at)] for at in found.arms])} alone; ask for more answers, or leave fewer people out."
        )
    units = answers.units
    notes.append(found.note or caution(units.people, units.items, "two-way"))
    if found.helped:
        notes.append(HELPED)
    notes += uneven(answers)
    if found.basis is not None:
        notes += parted([_estimand(answers, names, per) for per in PER])
    return [note for note in notes if note]


def _lead(answers: Pairs) -> Judged | None:
    """The difference of preferences between the two strongest arms."""
    found = strengths.strengths_of(answers)
    if len(found.arms) < 2:
        return None
    first, second = found.arms[np.argsort(-found.fit.strengths, kind="stable")[:2]].tolist()
    return strengths.judge_pairs(answers, [(first, second)])[0]


def _contrasts(answers: Pairs, compared: Compared) -> list[Contrast]:
    """Every pair of arms that are connected, the declared ones first, which Holm's correction is over."""
    declared = list(compared.declared)
    others = [
        pair
        for pair in combinations(range(len(compared.arms)), 2)
        if set(pair) not in [set(one) for one in declared]
    ]
    every = strengths.judge_pairs(answers, [*declared, *others], smallest=compared.smallest)
    found = strengths.strengths_of(answers)
    together = tuple(pair for pair in combinations(found.arms.tolist(), 2))
    level = strengths.family_of(answers, together).level() if together and found.basis else None
    wide = strengths.judge_pairs(answers, [*declared, *others], level=level) if level else every
    adjusted = holm([one.p if one else None for one in every[: len(declared)]])
    small = corrected([one.equivalence if one else None for one in every[: len(declared)]])
    rows = []
    for number, (pair, one, at_once) in enumerate(zip([*declared, *others], every, wide, strict=True)):
        planned = number < len(declared)
        if one is None and not planned:
            continue
        rows.append(
            Contrast(
                a=pair[0],
                b=pair[1],
                first=compared.arms[pair[0]],
                second=compared.arms[pair[1]],
                found=one or _unknown(),
                interval_all_pairs=at_once.interval if at_once and level else None,
                planned=planned,
                p_holm=adjusted[number] if planned else None,
                p_equivalence=small[number] if planned else None,
            )
        )
    return rows


def _shown(every: list[Contrast]) -> list[Contrast]:
    """Of so many pairs that nobody reads them all, the declared ones, or the first of them."""
    planned = [row for row in every if row.planned]
    return every if len(every) <= READABLE else planned or every[:READABLE]


def _sized(row: Contrast) -> Sized:
    p = row.p_equivalence
    return Sized(
        f"{row.first} − {row.second}",
        strengths.sizes_of(row.found),
        row.found.equivalence,
        p,
        None if p is None else p <= ALPHA,
    )


def _contrast_json(row: Contrast) -> dict[str, Any]:
    sized, together = _sized(row), row.interval_all_pairs
    return {
        "first": row.first,
        "second": row.second,
        **judged_json(row.found),
        "p_holm": row.p_holm,
        "interval_all_pairs": list(together) if together else None,
        "equivalence": sized.equivalence_json(),
        "effect_sizes": sized.sizes_json(),
        "exploratory": not row.planned,
        "note": row.found.note,
    }


def _strength_lines(answers: Pairs, names: tuple[str, ...], per: Per) -> list[tuple[str, Judged]]:
    """Strengths of the arms; one that is not connected with the others is left out."""
    return [
        (name, Judged(arm.strength, arm.interval, None, None))
        for name, arm in zip(names, strengths.arms_of(answers, per), strict=True)
        if arm.strength is not None
    ]


def _estimand(answers: Pairs, names: tuple[str, ...], per: Per) -> Estimand:
    return Estimand(per, PER_IN_WORDS[per], tuple(_strength_lines(answers, names, per)))


def _estimands(answers: Pairs, compared: Compared) -> tuple[Estimand, ...]:
    """Strengths by what counts once, answers first; and the declared contrasts."""
    estimands = []
    for per in PER:
        one = _estimand(answers, compared.arms, per)
        judged = strengths.judge_pairs(answers, compared.declared, per=per)
        lines = [
            (f"{compared.arms[a]} − {compared.arms[b]}", found)
            for (a, b), found in zip(compared.declared, judged, strict=True)
            if found is not None
        ]
        estimands.append(replace(one, lines=(*one.lines, *lines)))
    return tuple(estimands)


def _other_interval(answers: Pairs, method: Method) -> OtherInterval:
    arms = strengths.arms_of(answers, "answers", method)
    return OtherInterval(method, METHODS_IN_WORDS[method], tuple(arm.interval for arm in arms))
