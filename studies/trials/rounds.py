"""Rounds: which pairs, or whatever a trial shows, a study asks about next, where that is chosen by what has been answered.

A round is chosen inside a claim that finds too few chosen trials, under the study's lock, so there is one at a time and nobody
waits who finds enough. Where the number of answers is fixed, its trials are rows already, whose orders are written over before anybody is
given them; where a study has no end, they are made then: there is never a row more than a round.

Such orders do not follow from the protocol, so the seal does not hold them: an event keeps for each round when it was
chosen, from how many answers, and the SHA-256 of its trials.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence

import numpy as np
from django.db import connection
from django.db.models import Case, F, Value, When

from explain.core.streams import Stream
from studies.analysis.table import UNKNOWN
from studies.models import Event, Participant, Response, Study, Trial
from studies.trial_types import Before, trial_type_of

AT_ONCE = 200  # rows whose orders are written in one statement


def note_first(study: Study, trials: Sequence[Trial]) -> None:
    """Keep which of the trials laid out at the opening are the first rounds: one, or all of a study without an end."""
    layout = trial_type_of(study).layout
    if layout.in_rounds and not _events(study).exists() and trials:
        first = trials if layout.endless else trials[: study.items.count()]
        _note(study, [(trial.item.index, trial.order) for trial in first], answers=0, last=first[-1].pk)


class RoundIsDueError(Exception):
    """A round has to be chosen, by whoever has the study's lock."""


def plan_if_due(participant: Participant, wanted: int, *, study_is_locked: bool) -> None:
    """Choose a round where fewer trials that are chosen and free are left for somebody than they want.

    Raises RoundIsDueError where that needs the study's lock, which is taken before any person of it is locked.
    """
    study = participant.study
    if wanted <= 0 or not trial_type_of(study).layout.in_rounds or not _is_due(participant, wanted):
        return
    if not study_is_locked:
        raise RoundIsDueError
    # An arm may have joined or left since the request has read it.
    _next_round(Study.objects.get(pk=study.pk))


def choose_again(study: Study) -> int:
    """Choose anew what is free of a study without an end, whose arms have changed; how many trials. In a transaction that has its lock.

    What somebody holds that shows an arm which has left becomes void, and its photo is asked about again.
    """
    gone = _gone(study)
    held = study.trials.filter(kind=Trial.Kind.MAIN, state=Trial.State.CLAIMED).select_for_update(
        of=("self",)
    )
    for trial in [trial for trial in held if gone & set(trial.arms)]:
        Trial.objects.create(study=study, item_id=trial.item_id, order=trial.order)
        Trial.objects.filter(pk=trial.pk).update(state=Trial.State.VOID, lease_until=None)
    rows = _free(study, after=0)
    chosen = 0
    while rows:
        part = _each_item_once(rows)
        taken = {pk for pk, _ in part}
        rows = [row for row in rows if row[0] not in taken]
        chosen += _choose(study, part, besides=[pk for pk, _ in [*part, *rows]])
    return chosen


def asks_again(trial: Trial) -> Trial | None:
    """The same item in the same order once more; None where one of its arms is asked about no more."""
    if _gone(trial.study) & set(trial.arms):
        return None
    return Trial.objects.create(study_id=trial.study_id, item_id=trial.item_id, order=trial.order)


def shows_what_left(study: Study, order: str) -> bool:
    """Whether an order shows an arm that is asked about no more."""
    return bool(_gone(study) & {int(arm) for arm in order.split(",")})


def _gone(study: Study) -> set[int]:
    names = trial_type_of(study).layout.has_left
    return set(study.arms.filter(name__in=names).values_list("index", flat=True)) if names else set()


def _events(study: Study):
    return study.events.filter(kind=Event.Kind.ROUND)


def _last_chosen(study: Study) -> int:
    """The id of the last trial whose order is chosen; what is laid out after it is not, yet."""
    return _events(study).order_by("-pk").values_list("data__last", flat=True).first() or 0


def _is_due(participant: Participant, wanted: int) -> bool:
    study = participant.study
    met = participant.trials.values("item")
    wanted = min(wanted, study.items.exclude(pk__in=met).count())
    free = study.trials.filter(state=Trial.State.OPEN, kind=Trial.Kind.MAIN).exclude(item__in=met).order_by()
    last = _last_chosen(study)
    if free.filter(pk__lte=last).values("item").distinct()[:wanted].count() >= wanted:
        return False
    return trial_type_of(study).layout.endless or free.filter(pk__gt=last).exists()


def _next_round(study: Study) -> None:
    rows = _each_item_once(_free(study, after=_last_chosen(study)))
    if rows:
        _choose(study, rows, besides=[pk for pk, _ in rows])
    elif trial_type_of(study).layout.endless:
        _choose(study, [(None, index) for index in _shuffled(study)], besides=[])


def _shuffled(study: Study) -> list[int]:
    random = np.random.default_rng(Stream.PAIR_ROUNDS.of(study.order_seed, 10**6 + _events(study).count()))
    return random.permutation(list(study.items.order_by("index").values_list("index", flat=True))).tolist()


def _free(study: Study, after: int) -> list[tuple[int, int]]:
    """(id, item's index) of trials that nobody holds, locked; those that somebody is being given now are passed over."""
    skip = connection.features.has_select_for_update_skip_locked
    free = study.trials.filter(state=Trial.State.OPEN, kind=Trial.Kind.MAIN, pk__gt=after).order_by("pk")
    return list(free.select_for_update(of=("self",), skip_locked=skip).values_list("pk", "item__index"))


def _each_item_once(rows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The beginning of some rows up to where an item comes again: a round."""
    part: dict[int, int] = {}
    for pk, item in rows:
        if item in part:
            break
        part[item] = pk
    return [(pk, item) for item, pk in part.items()]


def _choose(study: Study, rows: Sequence[tuple[int | None, int]], besides: Sequence[int]) -> int:
    """Choose the orders of some trials, by id and item; without an id they are made. `besides`: what is laid out and is still to be chosen."""
    before, answers = _before(study, besides)
    layout, turn = trial_type_of(study).layout, _events(study).count()
    items = [item for _, item in rows]
    orders = [
        ",".join(map(str, order)) for order in layout.chosen(before, items, seed=study.order_seed, turn=turn)
    ]
    if rows[0][0] is None:
        ids = dict(study.items.values_list("index", "pk"))
        made = [
            Trial(study=study, item_id=ids[item], order=order)
            for item, order in zip(items, orders, strict=True)
        ]
        keys = [trial.pk for trial in Trial.objects.bulk_create(made, batch_size=1000)]
    else:
        keys = [pk for pk, _ in rows if pk is not None]
        _write(dict(zip(keys, orders, strict=True)))
    last = max(_last_chosen(study), *keys)
    _note(study, list(zip(items, orders, strict=True)), answers=answers, last=last)
    return len(keys)


def _write(orders: dict[int, str]) -> None:
    keys = list(orders)
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        Trial.objects.filter(pk__in=part).change_what_is_frozen(
            order=Case(*(When(pk=pk, then=Value(orders[pk])) for pk in part))
        )


def _before(study: Study, besides: Sequence[int]) -> tuple[Before, int]:
    """What is known before a round is chosen, and how many answers count."""
    kind = trial_type_of(study).answers
    counted = (
        Response.objects.filter(trial__study=study, status=Response.Status.COUNTED)
        .order_by("pk")
        .values_list("trial__item__index", "participant", F(kind.column), "shown_value", "trial__order")
    )
    rows = list(counted)
    items, people, values, shown, orders = zip(*rows, strict=True) if rows else ((),) * 5
    names = list(study.arms.order_by("index").values_list("name", flat=True))
    gone = trial_type_of(study).layout.has_left
    laid_out = study.trials.filter(kind=Trial.Kind.MAIN).exclude(state=Trial.State.VOID).exclude(order="")
    skipped = set(besides)
    asked = [
        (item, _read(order))
        for pk, item, order in laid_out.order_by().values_list("pk", "item__index", "order")
        if pk not in skipped
    ]
    columns = {
        "items": np.array(items, np.int64),
        "participants": np.array(people, np.int64),
        "values": np.array([kind.read(value) for value in values], np.int64),
        "shown": np.array([UNKNOWN if value is None else value for value in shown], np.int64),
        "orders": _padded(orders, len(names)),
    }
    before = Before(
        columns=columns,
        asked_items=np.array([item for item, _ in asked], np.int64),
        asked_orders=np.array([order for _, order in asked], np.int64).reshape(
            -1, trial_type_of(study).layout.shown(len(names))
        ),
        arms=len(names),
        items=study.items.count(),
        compete=[index for index, name in enumerate(names) if name not in gone],
    )
    return before, len(items)


def _read(order: str) -> list[int]:
    return [int(arm) for arm in order.split(",")]


def _padded(orders: Sequence[str], arms: int) -> np.ndarray:
    """(n, arms): the arm at each place, −1 where a trial shows fewer, or where it is not known."""
    known = [_read(order) if order else [] for order in orders]
    return np.array([[*row, *[-1] * (arms - len(row))] for row in known], np.int64).reshape(-1, arms)


def _note(study: Study, trials: Sequence[tuple[int, str]], *, answers: int, last: int) -> None:
    text = json.dumps(list(map(list, trials)), separators=(",", ":"))
    data = {
        "round": _events(study).count(),
        "trials": len(trials),
        "answers": answers,
        "last": last,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    Event.objects.create(study=study, kind=Event.Kind.ROUND, data=data)
