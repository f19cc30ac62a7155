"""What a study found, as one object, and how it reads in words and as plain data. No database here."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from explain.map_sources import source_of
from studies.analysis.answers import SAME, SAME_NAME, missing_items
from studies.analysis.intervals import choice_intervals_of, rating_intervals_of
from studies.analysis.scores import choice_scores_of, rating_scores_of
from studies.analysis.table import UNKNOWN, Answers, Choices, Ratings
from studies.models import Study

from .answers import Reading
from .formatting import percent, signed
from .interim_analysis import looks_of
from .part import WHO_IN_WORDS, part_of

if TYPE_CHECKING:
    from .interim_analysis import InterimAnalysis


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
    looks: "InterimAnalysis | None"  # planned in the protocol
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


def summary_of(
    study: Study,
    who: str | None = None,
    *,
    class_name: str = "",
    group: str = "",
    version: int | None = None,
) -> Summary:
    """The study's scores with 95 % intervals (two-way bootstrap, 2,000 draws from the study's seed).

    A fixed number of queries. What cannot be computed is None and a note says why: nothing here is ever NaN.
    """
    return summarise(Reading(study, part_of(study, who, class_name, group, version)))


def summarise(reading: Reading, answers: Choices | Ratings | None = None) -> Summary:
    """The summary of a reading, or of some of its answers."""
    study, part, arms = reading.study, reading.part, reading.arms
    given = reading.answers if answers is None else answers
    missing = tuple(missing_items(reading.items, given.items).tolist())
    imported, versions = int(given.imported.sum()), _versions(study, given)
    found: dict = {"scores": (), "same": None, "rating": None}
    notes: list[str] = []
    if len(given):
        scored, notes = _choice(study, given, arms) if isinstance(given, Choices) else _rating(study, given)
        found |= scored
    needed = len(reading.items) * study.responses_per_item
    looks, about_looks = looks_of(study, reading.plan, given, arms, needed=needed, narrowed=part.narrowed)
    return Summary(
        study=study.slug,
        title=study.title,
        task=study.task,
        state=study.state,
        who=part.who,
        class_name=part.class_name,
        group=part.group,
        version=part.version,
        simulated=part.who == "simulated" or bool(given.simulated.any()),
        arms=arms,
        items=given.units.items if len(given) else 0,
        missing_items=missing,
        responses=len(given),
        participants=given.units.people if len(given) else 0,
        imported=imported,
        positions=_positions(given, reading.maps_shown),
        seed=study.seed,
        looks=looks,
        notes=(
            *notes,
            *about_looks,
            *_notes(given, missing, imported),
            *_versions_note(versions),
            *(note for arm in reading.arm_rows for note in source_of(arm).notes(arm.name, arm)),
        ),
        protocol_sha256=study.protocol_sha256,
        versions=versions,
        **found,
    )


def _versions(study: Study, given: Answers) -> dict[int, int]:
    """How many answers were given under each version of the protocol; empty where there is one only."""
    if study.version == 1:
        return {}
    numbers, counts = np.unique(given.versions, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def _versions_note(versions: dict[int, int]) -> Iterable[str]:
    if len(versions) > 1:
        shares = ", ".join(f"{count} under version {number}" for number, count in versions.items())
        yield f"Answers under {len(versions)} versions of the protocol are counted together: {shares}."


def _choice(study: Study, given: Choices, arms: tuple[str, ...]) -> tuple[dict, list[str]]:
    scored = choice_scores_of(given)
    bounds = choice_intervals_of(given, seed=study.seed)
    preferences = scored.share_of_preferences
    scores = tuple(
        Score(
            name=name,
            score=float(scored.arms[index]),
            share=float(scored.share[index]),
            share_of_preferences=None if preferences is None else float(preferences[index]),
            interval=_pair(None if bounds.arms is None else bounds.arms[index]),
        )
        for index, name in enumerate(arms)
    )
    same = Score(SAME_NAME, scored.same, scored.same_share, None, _pair(bounds.same))
    notes = [bounds.note] if bounds.note else []
    if preferences is None:
        notes.append("Nobody preferred any arm, so there are no shares of preferences.")
    return {"scores": scores, "same": same}, notes


def _rating(study: Study, given: Ratings) -> tuple[dict, list[str]]:
    scored = rating_scores_of(given)
    bounds = rating_intervals_of(given, seed=study.seed)
    rating = Rating(
        mean=float(scored.mean),
        interval=_pair(bounds.mean),
        mean_of_items=float(scored.mean_of_items),
        mean_of_items_interval=_pair(bounds.mean_of_items),
        counts={value: int((given.values == value).sum()) for value in range(-2, 3)},
    )
    return {"rating": rating}, [bounds.note] if bounds.note else []


def _pair(bounds: np.ndarray | None) -> tuple[float, float] | None:
    return None if bounds is None else (float(bounds[0]), float(bounds[1]))


def _positions(given: Answers, places: int) -> dict[str, int]:
    shown = given.shown[given.shown != UNKNOWN]
    if isinstance(given, Choices):
        counts = {chr(ord("A") + place): int((shown == place).sum()) for place in range(places)}
        return counts | {SAME_NAME: int((shown == SAME).sum())}
    return {
        "left": int((shown < 0).sum()),
        "neither": int((shown == 0).sum()),
        "right": int((shown > 0).sum()),
    }


def _notes(given: Answers, missing: tuple[int, ...], imported: int) -> Iterable[str]:
    if not len(given):
        yield "No answers are counted yet, so there is nothing to score."
    elif missing:
        names = ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")
        total = len(missing) + given.units.items
        yield f"{len(missing)} of {total} items have no answer and are not in the scores: {names}."
    if imported:
        yield (
            f"{imported} of {len(given)} answers were collected elsewhere and imported; "
            "where things stood on screen is not known for them."
        )
