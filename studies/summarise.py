"""Answers → one `Summary`. Every output shows that same object: page, command, API, files and report."""

from collections.abc import Iterable

import numpy as np

from .analysis.answers import SAME, SAME_NAME, missing_items
from .analysis.intervals import choice_intervals_of, rating_intervals_of
from .analysis.scores import choice_scores_of, rating_scores_of
from .analysis.table import UNKNOWN, Answers, Choices, Ratings
from .looks import looks_of
from .models import Study
from .results import Reading, part_of
from .summary import Rating, Score, Summary


def summary(
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
        positions=_positions(given, len(arms)),
        seed=study.seed,
        looks=looks,
        notes=(
            *notes,
            *about_looks,
            *_notes(given, missing, imported),
            *_versions_note(versions),
            *_controls(reading.methods),
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


def _positions(given: Answers, arms: int) -> dict[str, int]:
    shown = given.shown[given.shown != UNKNOWN]
    if isinstance(given, Choices):
        counts = {chr(ord("A") + place): int((shown == place).sum()) for place in range(arms)}
        return counts | {SAME_NAME: int((shown == SAME).sum())}
    return {
        "left": int((shown < 0).sum()),
        "neither": int((shown == 0).sum()),
        "right": int((shown > 0).sum()),
    }


CONTROLS = {
    "random": "noise drawn for each photo, by no network",
    "centre": "the same spot in the middle of every photo, by no network",
}


def _controls(methods: dict[str, str]) -> Iterable[str]:
    """Arms that no network made: what a real map has to beat."""
    for name, method in methods.items():
        if method in CONTROLS:
            yield f"{name} is a control: {CONTROLS[method]}."


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
