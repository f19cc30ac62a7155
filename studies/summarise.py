"""Answers → one `Summary`. Every output shows that same object: page, command, API, files and report."""

from collections.abc import Iterable

import numpy as np

from .analysis.answers import SAME, SAME_NAME, missing_items
from .analysis.intervals import choice_intervals, rating_intervals
from .analysis.scores import choice_scores, rating_scores
from .looks import looks_of
from .models import Study
from .plan import plan_of
from .results import UNKNOWN, Answers, Part, answers_by_version, answers_of, counted, part_of
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
    part = part_of(study, who, class_name, group, version)
    return summarise(study, part, answers_of(study, part))


def summarise(study: Study, part: Part, given: Answers) -> Summary:
    """The summary of answers that were read before."""
    methods = dict(study.arms.values_list("name", "method"))
    arms = tuple(methods)
    expected = study.items.filter(**{"image__class_name": part.class_name} if part.class_name else {})
    imported = counted(study, part).filter(participant__external__has_key="imported").count()
    mixed = part.who == "all" and counted(study, part).filter(simulated=True).exists()
    indices = list(expected.values_list("index", flat=True))
    missing = tuple(missing_items(indices, given.items).tolist())
    versions = answers_by_version(study, part)
    found: dict = {"scores": (), "same": None, "rating": None}
    notes: list[str] = []
    if len(given):
        found, notes = (_choice if study.task == Study.Task.CHOICE else _rating)(study, given, arms, found)
    needed = len(indices) * study.responses_per_item
    looks, about_looks = looks_of(
        study, plan_of(study, arms), given, arms, needed=needed, narrowed=part.narrowed
    )
    return Summary(
        study=study.slug,
        title=study.title,
        task=study.task,
        state=study.state,
        who=part.who,
        class_name=part.class_name,
        group=part.group,
        version=part.version,
        simulated=part.who == "simulated" or mixed,
        arms=arms,
        items=len(np.unique(given.items)),
        missing_items=missing,
        responses=len(given),
        participants=len(np.unique(given.participants)),
        imported=imported,
        positions=_positions(given, len(arms), study.task == Study.Task.CHOICE),
        seed=study.seed,
        looks=looks,
        notes=(
            *notes,
            *about_looks,
            *_notes(given, missing, imported),
            *_versions_note(versions),
            *_controls(methods),
        ),
        protocol_sha256=study.protocol_sha256,
        versions=versions,
        **found,
    )


def _versions_note(versions: dict[int, int]) -> Iterable[str]:
    if len(versions) > 1:
        shares = ", ".join(f"{count} under version {number}" for number, count in versions.items())
        yield f"Answers under {len(versions)} versions of the protocol are counted together: {shares}."


def _choice(study: Study, given: Answers, arms: tuple[str, ...], found: dict) -> tuple[dict, list[str]]:
    scored = choice_scores(given.items, given.values, arms=len(arms))
    bounds = choice_intervals(given.items, given.participants, given.values, arms=len(arms), seed=study.seed)
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
    return found | {"scores": scores, "same": same}, notes


def _rating(study: Study, given: Answers, arms: tuple[str, ...], found: dict) -> tuple[dict, list[str]]:
    scored = rating_scores(given.items, given.values, given.participants)
    bounds = rating_intervals(given.items, given.participants, given.values, seed=study.seed)
    rating = Rating(
        mean=float(scored.mean),
        interval=_pair(bounds.mean),
        mean_of_items=float(scored.mean_of_items),
        mean_of_items_interval=_pair(bounds.mean_of_items),
        counts={value: int((given.values == value).sum()) for value in range(-2, 3)},
    )
    return found | {"rating": rating}, [bounds.note] if bounds.note else []


def _pair(bounds: np.ndarray | None) -> tuple[float, float] | None:
    return None if bounds is None else (float(bounds[0]), float(bounds[1]))


def _positions(given: Answers, arms: int, choice: bool) -> dict[str, int]:
    shown = given.shown[given.shown != UNKNOWN]
    if choice:
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
        total = len(missing) + len(np.unique(given.items))
        yield f"{len(missing)} of {total} items have no answer and are not in the scores: {names}."
    if imported:
        yield (
            f"{imported} of {len(given)} answers were collected elsewhere and imported; "
            "where things stood on screen is not known for them."
        )
