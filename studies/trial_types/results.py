"""What answers come to: the results of a trial type. Tables of answers in, findings out; no rows, no study.

`outcome` is the main finding and how it reads: the headline, the chart, the table, plain data. `further` is what a reviewer
asks next. What is not computed for a type keeps its default, and pages leave it out.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from studies.analysis.agreement import PositionBias, Scale, SideBias
from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import Judged
from studies.analysis.inference.sensitivity import Finding
from studies.analysis.inference.simultaneous import JointTest
from studies.analysis.intervals import Per
from studies.analysis.ranking import Ranking
from studies.analysis.table import Answers

from .sizes import Pair, Sized, pair
from .versus import Versus

if TYPE_CHECKING:
    from rest_framework.serializers import Field

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Outcome(ABC):
    """The main finding of some answers, of none at all too, and how it reads."""

    arms: tuple[str, ...]
    items: int = 0  # with at least one answer
    notes: tuple[str, ...] = ()  # whole sentences: what could not be computed, and why

    template: ClassVar[str]
    """Its figure and its table, for pages and reports: in a folder `report` of the type's, since volunteers' templates lie in
    the type's folder itself and are translated. Gets `result` (the summary), `outcome` and `main_chart`."""

    spread_heading: ClassVar[str] = ""
    spread_title: ClassVar[str] = ""
    """What the chart of `spread` is called: over it in a report, and for those who do not see it."""

    @property
    @abstractmethod
    def headline(self) -> str:
        """The finding in one sentence with its numbers. Asked for where there are answers."""

    @abstractmethod
    def chart(self, headline: str) -> str:
        """The one chart as SVG (core/svg.py); `headline` describes it. Asked for where there are answers."""

    @abstractmethod
    def as_json(self) -> dict[str, Any]:
        """Plain data: what `scores --json`, the API and scores.json have beside what every study has. Nothing is NaN."""

    @abstractmethod
    def in_text(self) -> list[str]:
        """The table on a command line, line by line. Asked for where there are answers."""

    @property
    def spread(self) -> dict[str, int]:
        """How often each answer was given, by its label; empty where the scores say it already."""
        return {}

    @property
    def by_arm(self) -> dict[str, float]:
        """A mean for each arm, more is better; empty where the type has none."""
        return {}


@dataclass(frozen=True)
class Ranked:
    """One line of the ranking."""

    name: str
    worth: float  # all arms' worths sum to 1
    interval: Pair | None


@dataclass(frozen=True)
class OtherCount:
    """Scores when “same” is counted in another way."""

    way: str
    in_words: str
    scores: tuple[float, ...]  # in the order of the arms
    same: float
    items: int


@dataclass(frozen=True)
class OtherInterval:
    """The interval of each figure of the outcome when something is left out of account."""

    method: str
    in_words: str
    intervals: tuple[Pair | None, ...]


@dataclass(frozen=True)
class Estimand:
    """The same figures where something else counts once: every item, every person, or every answer."""

    per: Per
    in_words: str
    lines: tuple[tuple[str, Judged], ...]  # name of the figure, and the figure; a share has no p

    def as_json(self) -> dict[str, Any]:
        return {name: judged_json(found) for name, found in self.lines}


PER_IN_WORDS: dict[Per, str] = {
    "items": "every photo counts once",
    "people": "every participant counts once",
    "answers": "every answer counts once",
}


@dataclass(frozen=True, kw_only=True)
class Further:
    """What a reviewer asks next of one type of trial."""

    contrasts: tuple[Versus, ...] = ()
    any_difference: JointTest | None = None  # all arms at once
    sized: tuple[
        Sized, ...
    ] = ()  # every comparison by its effect sizes, and beside the smallest effect that matters
    estimands: tuple[Estimand, ...] = ()
    tests: dict[str, Finding] = field(
        default_factory=dict
    )  # sensitivity: with other null hypotheses, by name
    ranking: Ranking | None = None
    ranked: tuple[Ranked, ...] = ()
    ranked_by: str = (
        "Bradley–Terry strengths, with ties and a position term"  # what `ranked` is, as a heading
    )
    positions: PositionBias | None = None
    sides: SideBias | None = None
    same_as: tuple[OtherCount, ...] = ()
    methods: tuple[OtherInterval, ...] = ()
    methods_of: str = ""  # what `methods` are intervals of, and their columns
    methods_columns: tuple[str, ...] = ()

    @property
    def smallest(self) -> float | None:
        """The smallest effect that matters, where that is declared and anything can be held against it."""
        return next((one.equivalence.smallest for one in self.sized if one.equivalence), None)

    @property
    def by_estimand(self) -> list[dict[str, Any]]:
        """The figures of `estimands`, each with what it is in every way of counting."""
        every = zip(*(one.lines for one in self.estimands), strict=True)
        return [{"name": row[0][0], "found": [found for _, found in row]} for row in every]


@dataclass(frozen=True)
class LookVerdict:
    """What a planned look says of one declared contrast, or of the mean."""

    of: str
    estimate: float
    interval: Pair | None  # at the look's level; None where none can be given
    p: float | None  # of the same statistic as the interval
    found: bool  # p is at most 1 − level, which is to say that the interval leaves zero out
    unit: str = ""  # what the estimate is counted in
    equivalent: bool | None = (
        None  # the interval lies within ± the smallest effect that matters; None: none is declared
    )


@dataclass(frozen=True)
class Compared:
    """What answers are about: what a statistic needs beside their table."""

    arms: tuple[str, ...]  # names, in the order of the indices that stored values have
    shown: int  # how many of them each trial shows
    seed: int  # the study's, and of every draw
    declared: tuple[tuple[int, int], ...] = ()  # contrasts of arms that the protocol judges now
    primary: Per = "items"  # what counts once in the figure that the study is judged by
    smallest: float | None = None  # the smallest effect that matters, in the type's unit
    at_looks: bool = False  # planned looks judge, and nothing beside them
    baseline: int | None = None  # the arm that shows no explanation


class ContrastRow(NamedTuple):
    """What decides, as a line of contrasts.csv: first against second, in the unit of one photo."""

    first: str
    second: str
    found: Judged
    p_holm: float | None
    planned: bool
    sized: Sized


class MainEffect(NamedTuple):
    """The one figure that a study is about, so that it can be asked of a part of the answers: of one person, of one class."""

    name: str
    unit: str
    limit: float  # it lies between −limit and limit
    per: Per  # what counts once in it
    values: np.ndarray  # (n,): what each answer says; the effect is their mean
    of: Callable[[Answers], Judged]  # of some of the answers, one at least


class Results(ABC):
    """What a study of this type finds. Called by `results` (scores, pages, planned looks, exclusions), `exports` and `api`.

    Tables that are handed in were made by `table`.
    """

    scale: ClassVar[Scale]
    """Of the stored values, for agreement and repeats."""

    gives_shares: ClassVar[bool] = False
    """True: its table is a `Choices`, so each arm has a share of an item's answers, which figures of maps can be held against."""

    place: ClassVar[str] = "place"
    place_verb: ClassVar[str] = "picked"
    """What is counted on screen, and what people do to it: “Which place was picked”."""

    place_help: ClassVar[str] = (
        "Arms stand in balanced random order, so places should be alike. If they are not, people favoured a place, not a map."
    )
    """What unequal counts say, below their chart; empty where they say nothing, as where each trial shows one map: then pages and
    reports have neither chart nor table of them."""

    of_items: ClassVar[str]
    """What an item's figures are: “Shares”; it goes on with “of each photo”."""

    of_items_in_words: ClassVar[str]
    """The same for somebody who sees them for the first time; it goes on with “, photo by photo.”"""

    recomputed_by: ClassVar[str] = "docs/recompute_scores.py"
    """A program of numpy alone that computes the same scores from answers.csv and compares them with scores.json.

    A type whose scores this one does not know brings its own, with the same options (`--who`, `--seed`, `--check`); it may
    load this one. Where nothing differs, its stderr says “every score agrees”.
    """

    scripts: ClassVar[Path | None] = None
    """Folder with analysis.R and analysis.py: the usual mixed models of such answers, run in the folder of an export. They read
    answers.csv and contrasts.csv and print their figures beside those that decide. None: there are none."""

    unit: ClassVar[str]
    """What a difference is counted in, as the protocol's `smallest_effect` is: it follows a number."""

    sizes_help: ClassVar[str]
    """What each effect size says, below their table."""

    methods_template: ClassVar[str]
    """How answers become figures and how these are tested: a paragraph of the report. Gets `result` and `details`."""

    @abstractmethod
    def table(self, columns: Mapping[str, np.ndarray], arms: int) -> Answers:
        """The table of answers, with the columns of `Answers` (analysis/table.py)."""

    @abstractmethod
    def totals(self, items: np.ndarray, values: np.ndarray, counts: np.ndarray, arms: int) -> Any:
        """The scores alone, of answers that are counted already: `counts` of each stored value about each item."""

    @abstractmethod
    def outcome(self, answers: Answers, compared: Compared) -> Outcome:
        """The main finding. An empty table gives an empty outcome.

        An interval and p of any mean or share: `WeightedShares` in analysis/inference/effects.py.
        """

    @abstractmethod
    def further(self, answers: Answers, compared: Compared) -> Further:
        """What a reviewer asks next, of one answer at least."""

    def about(self, answers: Answers, arms: Sequence[int]) -> Answers:
        """The answers that are about some of the arms alone, as answers of a study of these in this order: what a page shows that leaves
        arms out. Only of types whose studies may have no end."""
        raise NotImplementedError

    def judged(self, answers: Answers) -> Answers:
        """The answers as agreement reads them, where those about one item must be about one and the same thing.

        Where each trial shows one of the arms, answers about different arms are not: the pair of both is then the item.
        """
        return answers

    def once_more(self, values: np.ndarray) -> np.ndarray:
        """(n,) what stored values say, for those who are asked about the same map again: are both times alike?"""
        return values

    def figures(self, answers: Answers, compared: Compared) -> Sequence[tuple[str, Judged]]:
        """Every figure that stands beside itself with and without people left out, of one answer at least."""
        return ()

    def contrast_rows(self, answers: Answers, compared: Compared) -> list[ContrastRow]:
        """What decides, of one answer at least: the lines of contrasts.csv."""
        return []

    def main_effect(self, answers: Answers, compared: Compared) -> MainEffect | None:
        """What the study is about, of one answer at least: the first declared contrast, or what leads. None: nothing of the kind."""
        return None

    @abstractmethod
    def tests_json(self, answers: Answers, compared: Compared) -> dict[str, Any]:
        """The tests as plain data, of no answers too."""

    @abstractmethod
    def verdicts(self, answers: Answers, compared: Compared, level: float) -> tuple[LookVerdict, ...]:
        """What a planned look says of one answer at least, at its level."""

    @abstractmethod
    def json_fields(self) -> dict[str, "Field"]:
        """A serializer's field for each key of `as_json` and `tests_json`: the API's schema."""

    @abstractmethod
    def item_columns(self, arms: tuple[str, ...]) -> list[str]:
        """Names of an item's figures."""

    @abstractmethod
    def item_figures(self, answers: Answers) -> list[tuple[float, ...]]:
        """A row of figures for each item with answers, in the order of `answers.units.item_names`."""

    @abstractmethod
    def item_figure_in_words(self, figure: float) -> str:
        """One of them as people read it."""

    @abstractmethod
    def places(self, values: np.ndarray, shown: int) -> dict[str, int]:
        """How often each place on screen was picked, by its name: of shown values, none unknown, and so many maps a trial."""

    @abstractmethod
    def favoured(self, values: np.ndarray) -> np.ndarray:
        """(n,) the place that each shown value favours, from 0, or SAME for none: for the rule against one place only."""

    @abstractmethod
    def places_to_favour(self, shown: int) -> int:
        """How many places there are in a trial of so many maps."""


def or_none(compute: Callable[[], Found]) -> Found | None:
    """None where there is nothing to compute it from, as with answers of which the place is not known."""
    try:
        return compute()
    except AnswersError:
        return None


def verdict(of: str, found: Judged, level: float, unit: str, smallest: float | None = None) -> LookVerdict:
    """What a look says of what was judged at its level."""
    equivalent = None if smallest is None else found.within(smallest)
    return LookVerdict(of, found.estimate, found.interval, found.p, found.found(level), unit, equivalent)


def judged_json(found: Judged) -> dict[str, Any]:
    """An estimate with its interval and p as plain data."""
    ends = list(found.interval) if found.interval else None
    return {"estimate": found.estimate, "interval": ends, "p": found.p, "df": found.df}


METHODS_IN_WORDS = {
    "two-way": "people and items: what the study is judged by",
    "people": "people only: about these photos alone",
    "items": "items only: about these people alone",
    "naive": "neither: every answer independent",
}


def other_interval(method: str, ends: np.ndarray | None, rows: int) -> OtherInterval:
    """One line of `methods`. `ends`: (rows, 2), or None where there is no interval."""
    intervals = [None] * rows if ends is None else [pair(row) for row in ends]
    return OtherInterval(method, METHODS_IN_WORDS[method], tuple(intervals))
