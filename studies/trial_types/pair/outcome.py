"""What pairs come to: each arm's strength, its rank, and who beat whom."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from studies.analysis.contrasts import Judged
from studies.analysis.paired.ranks import Rank
from studies.analysis.paired.strengths import Arm
from studies.core import svg
from studies.core.formatting import percent, signed, span

from ..results import Outcome, Pair, judged_json

NAMED = 3  # in a headline, whom the strongest cannot be told apart from


@dataclass(frozen=True)
class Line:
    """One arm. `found.strength` is None where nothing connects it with the others that are ranked."""

    name: str
    found: Arm
    rank: Rank | None
    wins: int
    losses: int
    same: int

    @property
    def interval(self) -> Pair | None:
        return self.found.interval

    @property
    def ranks(self) -> str:
        """1, or 2 – 5: the ranks that are not ruled out."""
        if self.rank is None:
            return "–"
        best, worst = self.rank.best, self.rank.worst
        return f"{best}" if best == worst else f"{best} – {worst}"

    def as_json(self) -> dict[str, Any]:
        ends = self.found.interval
        chance_ends = self.found.chance_interval
        return {
            "strength": self.found.strength,
            "interval": list(ends) if ends else None,
            "chance": self.found.chance,
            "chance_interval": list(chance_ends) if chance_ends else None,
            "rank": self.rank.rank if self.rank else None,
            "ranks": [self.rank.best, self.rank.worst] if self.rank and ends else None,
            "wins": self.wins,
            "losses": self.losses,
            "same": self.same,
        }


@dataclass(frozen=True)
class Contrast:
    """The arms `a` and `b`, by index and by name: the difference of preferences."""

    a: int
    b: int
    first: str
    second: str
    found: Judged
    interval_all_pairs: Pair | None  # those of all pairs hold together at 95 %
    planned: bool  # declared in the protocol, and judged here
    p_holm: float | None
    p_equivalence: float | None


def listed(names: list[str]) -> str:
    """A, B and C"""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


@dataclass(frozen=True, kw_only=True)
class PairOutcome(Outcome):
    """Strengths of the arms that are connected, mean 0."""

    lines: tuple[Line, ...] = ()  # in the order of the arms; empty without answers
    wins: tuple[tuple[int, ...], ...] = ()  # how often the arm of the row was preferred to that of the column
    groups: tuple[tuple[str, ...], ...] = ()  # arms of which no two are found to differ, the strongest first
    parts: tuple[tuple[str, ...], ...] = ()  # arms that are connected with each other
    said_same: int = 0
    answers: int = 0
    tie: Judged | None = None  # log ν
    side: Judged | None = None  # log odds for the left of two equal arms
    any_pair: float | None = None  # p of “no two arms differ”
    lead: Judged | None = None  # of the strongest over the next
    rivals: tuple[str, ...] = ()  # whom the strongest is not found to be better than
    contrasts: tuple[Contrast, ...] = ()  # every pair that is connected, the declared ones first

    template: ClassVar[str] = "trial_types/pair/report/outcome.html"

    @cached_property
    def ranked(self) -> list[Line]:
        """Arms from the strongest to the weakest; those that are not connected with them last."""
        known = [line for line in self.lines if line.found.strength is not None]
        known.sort(key=lambda line: -(line.found.strength or 0))
        return [*known, *(line for line in self.lines if line.found.strength is None)]

    @cached_property
    def matrix(self) -> list[dict[str, Any]]:
        """The rows of who beat whom, both ways in the order of the ranks."""
        order = [self.lines.index(line) for line in self.ranked]
        return [
            {
                "name": self.lines[row].name,
                "cells": [
                    {"wins": self.wins[row][at], "of": self.wins[row][at] + self.wins[at][row]}
                    if at != row
                    else None
                    for at in order
                ],
            }
            for row in order
        ]

    @property
    def alike(self) -> list[str]:
        """In words, which arms cannot be told apart."""
        return [f"{listed(list(group))} cannot be told apart." for group in self.groups]

    @property
    def headline(self) -> str:
        if not any(sum(row) for row in self.wins):
            return f"Nobody preferred any arm: all {self.answers} answers are “same”."
        return self._apart + self._first

    @property
    def _apart(self) -> str:
        if len(self.parts) < 2:
            return ""
        return f"The arms fall into {len(self.parts)} parts that were never compared with each other. "

    @property
    def _first(self) -> str:
        first = self.ranked[0]
        has = (
            f"of those who prefer one, {percent(first.found.chance)} prefer it to an arm of average strength"
        )
        tied = [
            line.name
            for line in self.ranked
            if line.found.strength is not None and line.rank and line.rank.rank == 1
        ]
        if len(tied) > 1:
            return f"{listed(tied)} tie: {has.replace('it to', 'each to')}."
        if first.found.interval is None or first.rank is None:
            return f"{first.name} is preferred most: {has}; nothing tells how far chance goes."
        low, high = first.found.chance_interval or (0.0, 1.0)
        has += f" (95 % interval {percent(low)} to {percent(high)})"
        if first.rank.worst == 1:
            return f"{first.name} is preferred most, told apart from every other arm: {has}."
        return f"{first.name} leads, and cannot be told apart from {self._rivals}: {has}."

    @property
    def _rivals(self) -> str:
        return listed(list(self.rivals)) if len(self.rivals) <= NAMED else f"{len(self.rivals)} others"

    @property
    def planned(self) -> list[Contrast]:
        return [contrast for contrast in self.contrasts if contrast.planned]

    @property
    def unplanned(self) -> list[Contrast]:
        return [contrast for contrast in self.contrasts if not contrast.planned]

    def as_json(self) -> dict[str, Any]:
        return {
            "scores": {line.name: line.as_json() for line in self.lines},
            "same": {"answers": self.said_same, "log_tie": judged_json(self.tie) if self.tie else None},
            "side": judged_json(self.side) if self.side else None,
            "wins": {
                row.name: {
                    column.name: self.wins[i][j] for j, column in enumerate(self.lines) if self.wins[i][j]
                }
                for i, row in enumerate(self.lines)
            },
            "alike": [list(group) for group in self.groups],
            "parts": [list(part) for part in self.parts],
            "lead": self._lead_json(),
        }

    def _lead_json(self) -> dict[str, Any] | None:
        if self.lead is None:
            return None
        first, second = (line.name for line in self.ranked[:2])
        return {"first": first, "second": second, **judged_json(self.lead)}

    def in_text(self) -> list[str]:
        width = max(3, *(len(line.name) for line in self.lines)) + 2
        head = (
            f"{'arm':<{width}}{'strength':>10}{'95 % interval':>18}{'beats average':>15}{'ranks':>9}"
            f"{'won':>7}{'lost':>7}{'same':>7}"
        )
        rows = [
            f"{line.name:<{width}}{'–' if line.found.strength is None else signed(line.found.strength):>10}"
            f"{span(line.interval, signed):>18}{percent(line.found.chance):>15}{line.ranks:>9}"
            f"{line.wins:>7}{line.losses:>7}{line.same:>7}"
            for line in self.ranked
        ]
        return [head, "─" * len(head), *rows, *self.alike]

    def chart(self, headline: str) -> str:
        """A dot for each arm at the share that prefers it to an average arm, strongest first, with its interval."""
        known = [line for line in self.ranked if line.found.chance is not None]
        height = len(known) * svg.ROW
        rows = [
            svg.dot(
                place,
                line.name,
                percent(line.found.chance),
                at=svg.on_scale(2 * (line.found.chance or 0.0) - 1, 1),
                interval=_on_scale(line.found.chance_interval),
            )
            for place, line in enumerate(known)
        ]
        ticks = [
            (svg.on_scale(2 * share - 1, 1), f"{100 * share:.0f} %") for share in (0, 0.25, 0.5, 0.75, 1)
        ]
        return svg.chart(
            "Share that prefers each arm to one of average strength",
            headline
            + " The dashed line is where every arm would stand if nobody preferred any. Thin lines are 95 % intervals.",
            height + svg.AXIS,
            [svg.axis(ticks, height, full=False), *rows, svg.mark(svg.on_scale(0, 1), height)],
            data=lambda: [
                {"arm": line.name, "share": line.found.chance, **svg.ends(line.found.chance_interval)}
                for line in known
            ],
        )


def _on_scale(interval: Pair | None) -> Pair | None:
    return svg.ends_on_scale((2 * interval[0] - 1, 2 * interval[1] - 1), 1) if interval else None
