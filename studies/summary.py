"""What a study found, as one object, and how it reads in words and as plain data. No database here."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .analysis.contrasts import PERMUTATIONS
from .analysis.resampling import DRAWS

if TYPE_CHECKING:
    from .looks import Looks

WHO = ("real", "simulated", "all")
WHO_IN_WORDS = {
    "real": "answers of real people",
    "simulated": "simulated answers",
    "all": "answers of real people and simulated answers together",
}
COMPUTED_WITH = {
    "interval": "two-way bootstrap, expanded percentiles",
    "level": 0.95,
    "interval_draws": DRAWS,
    "permutation_draws": PERMUTATIONS,
    "generator": "numpy.random.default_rng(seed)",
    "described_in": "docs/statistics.md",
}


@dataclass(frozen=True)
class Score:
    """What one arm, or `same`, got in a choice study."""

    name: str
    score: float  # a total over items, each item worth 1
    share: float  # of all items' worth
    share_of_preferences: float | None  # of what did not go to `same`
    interval: tuple[float, float] | None  # 95 %, of the score


@dataclass(frozen=True)
class Rating:
    """What a rating study found. Positive: the first arm is better."""

    mean: float
    interval: tuple[float, float] | None  # 95 %, of the mean
    mean_of_items: float
    mean_of_items_interval: tuple[float, float] | None
    counts: dict[int, int]  # how often each of -2 … 2 was given


@dataclass(frozen=True)
class Summary:
    """A study's result, for whom it holds, and what should be known of it. `notes` are whole sentences."""

    study: str
    title: str
    task: str
    state: str
    who: str
    class_name: str  # only items of this class, if not empty
    group: str  # only participants of this group, if not empty
    version: int | None  # only answers under this version of the protocol, if not None
    simulated: bool
    arms: tuple[str, ...]
    items: int  # with at least one answer: what the scores sum to
    missing_items: tuple[int, ...]
    responses: int
    participants: int
    imported: int  # answers that were collected elsewhere
    scores: tuple[Score, ...]  # of a choice study, in the order of its arms
    same: Score | None
    rating: Rating | None
    positions: dict[str, int]  # how often each place was picked, or each side favoured
    seed: int  # of every draw
    looks: "Looks | None"  # planned in the protocol
    notes: tuple[str, ...]
    protocol_sha256: str
    versions: dict[int, int]  # counted answers by version of the protocol; empty where there is one only

    @property
    def who_in_words(self) -> str:
        words = WHO_IN_WORDS[self.who]
        if self.class_name:
            words += f", class “{self.class_name}” only"
        if self.group:
            words += f", group “{self.group}” only"
        return words + (f", version {self.version} of the protocol only" if self.version else "")

    @cached_property
    def ranked(self) -> list[Score]:
        """Arms from the highest score to the lowest."""
        return sorted(self.scores, key=lambda score: -score.score)

    @property
    def by_arm(self) -> dict[str, float]:
        """The mean rating from each arm's side."""
        if self.rating is None:
            return {}
        return dict(zip(self.arms, (self.rating.mean, -self.rating.mean), strict=True))

    @property
    def items_in_study(self) -> int:
        return self.items + len(self.missing_items)

    @property
    def total(self) -> float:
        """Of all arms and “same”: the number of items."""
        return sum(score.score for score in self.scores) + (self.same.score if self.same else 0)

    @property
    def other_mean(self) -> float | None:
        """The mean rating from the second arm's side."""
        return -self.rating.mean if self.rating else None

    @property
    def direction(self) -> str:
        """Which way a rating points, in words."""
        return f"positive: {self.arms[0]} judged more reliable; negative: {self.arms[1]}"

    @property
    def headline(self) -> str:
        """The finding in one sentence with its numbers."""
        if not self.responses:
            return "No answers yet."
        return _rating_headline(self) if self.rating else _choice_headline(self)


def _choice_headline(summary: Summary) -> str:
    first = summary.ranked[0]
    tied = [score.name for score in summary.ranked if abs(score.score - first.score) < 1e-9]
    if len(tied) > 1:
        return f"{' and '.join(tied)} tie at {first.score:.2f} of {summary.items} items each."
    interval = ""
    if first.interval:
        interval = f"; 95 % interval {first.interval[0]:.2f} to {first.interval[1]:.2f} items"
    share = percent(first.share)
    return f"{first.name} was preferred most: {first.score:.2f} of {summary.items} items ({share}{interval})."


def _rating_headline(summary: Summary) -> str:
    rating = summary.rating
    assert rating is not None
    if abs(rating.mean) < 1e-9:
        return "Neither network was judged more reliable: the mean rating is 0.00."
    better = summary.arms[0] if rating.mean > 0 else summary.arms[1]
    interval = ""
    if rating.interval:
        side = 1 if rating.mean > 0 else -1
        low, high = sorted(side * bound for bound in rating.interval)
        interval = f" (95 % interval {signed(low)} to {signed(high)})"
    return (
        f"{better} was judged more reliable by {signed(abs(rating.mean))} on a scale from −2 to +2{interval}."
    )


def percent(share: float | None) -> str:
    """A share as people read it: 49.4 %."""
    return "–" if share is None else f"{share * 100:.1f} %"


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, in typographic form: +1.48, −0.50, 0.00."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return ("+" if value > 0 else "−") + text


def as_json(result: Summary) -> dict:
    """The summary as plain data: what `scores --json`, the API and scores.json give."""
    narrowed = {
        "class": result.class_name,
        "group": result.group,
        "protocol_version": result.version,
    }
    data: dict = {
        "study": result.study,
        "task": result.task,
        "who": result.who,
        **{name: value for name, value in narrowed.items() if value},
        "simulated": result.simulated,
        "items": result.items,
        "missing_items": list(result.missing_items),
        "responses": result.responses,
        "participants": result.participants,
        "imported": result.imported,
        "positions": result.positions,
        "headline": result.headline,
        "notes": list(result.notes),
        "protocol_sha256": result.protocol_sha256,
        **({"versions": {str(n): count for n, count in result.versions.items()}} if result.versions else {}),
        "computed_with": COMPUTED_WITH | {"seed": result.seed},
        "looks": asdict(result.looks) if result.looks else None,
    }
    if result.task == "choice":
        return data | _choice_json(result)
    return data | _rating_json(result)


def _choice_json(result: Summary) -> dict:
    def plain(score: Score) -> dict:
        return {
            "score": score.score,
            "share": score.share,
            "share_of_preferences": score.share_of_preferences,
            "interval": list(score.interval) if score.interval else None,
        }

    same = plain(result.same) if result.same else None
    if same:
        del same["share_of_preferences"]
    return {"scores": {score.name: plain(score) for score in result.scores}, "same": same}


def _rating_json(result: Summary) -> dict:
    rating = result.rating
    return {
        "mean": rating.mean if rating else None,
        "interval": list(rating.interval) if rating and rating.interval else None,
        "mean_of_items": rating.mean_of_items if rating else None,
        "mean_of_items_interval": list(rating.mean_of_items_interval)
        if rating and rating.mean_of_items_interval
        else None,
        "by_arm": result.by_arm,
        "direction": result.direction,
        "counts": {str(value): count for value, count in rating.counts.items()} if rating else {},
    }
