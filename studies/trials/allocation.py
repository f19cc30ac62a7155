"""Who answers what: the code that changes `Trial.state`, in part by statements of sql.py (and beside it taken_back_in.py and trial_run.py).

Every required answer is a row, made when the study opens, so there is nowhere for one too many to go. A claim
locks the rows that it takes and skips those that others have locked; on SQLite the transaction itself holds the
only write lock (`BEGIN IMMEDIATE`; core/transactions.py keeps that fair), and the same code is exact. A claim lasts as long as
its lease (leases.py). When the lease is over the trial stays with its participant until someone else needs it, so nobody who
comes back late is turned away without need.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from studies.core.transactions import write_transaction
from studies.models import Event, Participant, Response, Study, Trial
from studies.trial_types import AnswerError, trial_type_of

from . import conditions, erasure, rounds, sql, tombstones
from .attention_checks import with_checks
from .leases import ageing_before, lease, renew_leases
from .quota import expected_repeats
from .sql import FreeTrial, PastTrial


@dataclass(frozen=True)
class Outcome:
    """What became of an answer. `counts` is false where the trial had been answered before."""

    response: Response
    counts: bool


def lay_out_trials(study: Study, before: int = 0) -> int:
    """Make every trial that a study lacks: exactly R for each item, in the orders that its trial type lays out.

    Trials are claimed by id, so in the sequence in which the type lays them out. `before`: how many answers each item had
    trials for already, where the study grew; what has been laid out is not touched. How many were made.

    Raises:
        ValueError: the type lays out an order that shows more or fewer maps than it says, or what is no arm, or one twice.
    """
    items, arms, layout = list(study.items.order_by("index")), study.arms.count(), trial_type_of(study).layout
    rows = layout.rows(arms=arms, items=len(items), stages=study.stages, seed=study.order_seed)
    trials = []
    for index, order in islice(rows, len(items) * before, None):
        if len(order) != layout.shown(arms) or len(set(order) & set(range(arms))) != len(order):
            raise ValueError(
                f"{study.task}: lays out a trial with the arms {_written(order)}, where each is to show "
                f"{layout.shown(arms)} of the arms 0 to {arms - 1}, none twice."
            )
        trials.append(Trial(study=study, item=items[index], order=_written(order)))
    rounds.note_first(study, Trial.objects.bulk_create(trials, batch_size=1000))
    return len(trials)


def claim_trials(*, participant: Participant, count: int) -> list[Trial]:
    """Up to `count` more trials for a participant: no item they have met, the orders they have seen least, or those of their
    condition where the study gives people one (conditions.py).

    Fewer come back when their quota is reached, the study is not open, they have left or are through, or nothing is
    free that they have not seen. Attention checks come among them, beyond `count`. When all that they were given is
    answered, their repeats follow. Claims of one participant wait for each other; those of others do not, but where a round has
    to be chosen for them.
    """
    try:
        return _claim(participant, count, study_first=conditions.may_get_one(participant))
    except rounds.RoundIsDueError:  # the study is locked before any person of it, so from the beginning
        return _claim(participant, count, study_first=True)


@write_transaction()
def _claim(participant: Participant, count: int, *, study_first: bool) -> list[Trial]:
    if study_first:
        sql.lock_study(participant.study_id)
    if sql.lock_participant(participant.pk) != Study.State.OPEN:
        return []
    met, lapses = sql.met(participant.pk)
    main = [trial for trial in met if trial.kind == Trial.Kind.MAIN]
    left = participant.study.trials_per_participant - len(main) - (_surplus(participant) if lapses else 0)
    position = max([trial.position for trial in met] + [lapse["position"] for lapse in lapses], default=0)
    chosen: list[FreeTrial] = []
    if count > 0 and left > 0:
        rounds.plan_if_due(participant, min(count, left), study_is_locked=study_first)
        seen = {trial.item_id for trial in met} | {lapse["item"] for lapse in lapses}
        chosen = conditions.choose(participant, main, seen, min(count, left))
    held = any(trial.state == Trial.State.CLAIMED for trial in met)
    trials = [Trial(pk=trial.pk, item_id=trial.item_id, order=trial.order) for trial in chosen]
    gone = [lapse["item"] for lapse in lapses]
    trials = with_checks(participant, met, trials, lapsed=gone, last=not chosen and not held)
    if trials or held:
        if lapsed := [trial for trial in chosen if trial.participant_id]:
            _record_lapses(participant.study_id, lapsed)
        return _give(trials, participant, position)
    return _give_repeats(participant, met, position)


def _give_repeats(participant: Participant, met: Sequence[PastTrial], position: int) -> list[Trial]:
    """The items that a participant answered first, once more in another order: as far apart as can be."""
    if any(trial.kind == Trial.Kind.REPEAT for trial in met):
        return []
    main = [trial for trial in met if trial.kind == Trial.Kind.MAIN]
    answered = [trial for trial in main if trial.state == Trial.State.ANSWERED]
    answered.sort(key=lambda trial: trial.position)
    again = answered[: expected_repeats(participant.study, len(answered))]
    again = [trial for trial in again if not rounds.shows_what_left(participant.study, trial.order)]
    layout = trial_type_of(participant.study).layout
    return Trial.objects.bulk_create(
        Trial(
            study=participant.study,
            kind=Trial.Kind.REPEAT,
            item_id=trial.item_id,
            order=_written(layout.turned(_read(trial.order))),
            state=Trial.State.CLAIMED,
            participant=participant,
            position=position + number,
            lease_until=lease(),
        )
        for number, trial in enumerate(again, start=1)
    )


def _written(order: Iterable[int]) -> str:
    """An order as `Trial.order` holds it."""
    return ",".join(map(str, order))


def _read(order: str) -> list[int]:
    return [int(index) for index in order.split(",")]


def _locked(participant: Participant) -> Participant:
    locked = Participant.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("study").get(pk=participant.pk)


def _surplus(participant: Participant) -> int:
    """Answers that came too late to count: they are part of what the participant was asked to do."""
    late = participant.responses.filter(status=Response.Status.SURPLUS)
    return late.exclude(trial__participant=participant).values("trial").distinct().count()


def _give(trials: list[Trial], participant: Participant, position: int) -> list[Trial]:
    """Hand locked trials to a participant, at the positions after `position`; attention checks are made here."""
    until = lease()
    for place, trial in enumerate(trials, start=position + 1):
        trial.study_id, trial.participant, trial.position = participant.study_id, participant, place
        trial.state, trial.lease_until = Trial.State.CLAIMED, until
    locked = {trial.pk: trial.position or 0 for trial in trials if trial.pk is not None}
    if locked:
        sql.give(participant.pk, locked, until)
    if checks := [trial for trial in trials if trial.pk is None]:
        Trial.objects.bulk_create(checks)
    return trials


def _record_lapses(study: int, trials: Sequence[FreeTrial | Trial]) -> None:
    """Remember who had met a trial before it went to someone else, and where, for an answer that comes late."""
    Event.objects.bulk_create(
        Event(
            study_id=study,
            participant_id=trial.participant_id,
            kind=Event.Kind.LAPSED,
            data={"trial": trial.pk, "item": trial.item_id, "position": trial.position},
        )
        for trial in trials
    )


def answer_trial(
    *,
    participant: Participant,
    position: int,
    shown_value: int,
    answer_id: UUID,
    confidence: int | None = None,
    response_ms: int | None = None,
    version: int | None = None,
    telemetry: dict | None = None,
) -> Outcome:
    """Store an answer, once for each `answer_id`, and say whether it counts.

    Args:
        position: which of the participant's trials.
        shown_value: the button that was pressed, as the study's trial type counts them.
        confidence: how sure they were, on the study's scale, where it asks.
        answer_id: made by the browser; the same id again gives the first outcome and changes nothing.
        version: of the protocol that the page spoke; an answer may come in after it was changed.

    The first answer to a trial counts. A later one is kept as surplus, and so is one whose trial has in the
    meantime been answered by someone else, or whose participant was taken out; if nobody has, the trial comes back
    to this participant.

    Raises:
        AnswerError: the participant never held such a trial, or has withdrawn, or the task has no such answer.
    """
    fields = {
        "answer_id": answer_id,
        "participant": participant,
        "shown_value": shown_value,
        "confidence": confidence,
        "simulated": participant.simulated,
        "version": version if version in range(1, participant.study.version) else participant.study.version,
        "response_ms": response_ms,
        "telemetry": telemetry or {},
    }
    try:
        # A trial that is still held has no answer yet; an id used elsewhere is caught below.
        if held := sql.trial_at(participant.pk, position, ageing_before()):
            response = _response(fields, held.trial, counts=True)
            if sql.settle(response):
                if held.is_ageing:
                    renew_leases(participant=participant)
                return Outcome(response, counts=True)
        return _answer_unheld(fields, position)
    except IntegrityError:
        # Another trial's answer, or one that was taken back, sent under the same id: the first one stands.
        stored = Response.objects.filter(answer_id=answer_id).first()
        if stored is None:
            raise
        return _outcome(stored, participant)


@write_transaction()
def _answer_unheld(fields: dict[str, Any], position: int) -> Outcome:
    """An answer that was sent again, came late, or is not the first to its trial."""
    participant = fields["participant"]
    state = sql.locked_state(participant.pk)
    if state in ("", Participant.State.WITHDRAWN):
        raise AnswerError("Whoever gave it has left the study, so it is not kept.")
    trial = _locked_trial(participant, position)
    if stored := Response.objects.filter(answer_id=fields["answer_id"]).first():
        return _outcome(stored, participant)
    counts = state in Participant.TAKE_PART and trial.state in (Trial.State.OPEN, Trial.State.CLAIMED)
    response = _response(fields, trial, counts)
    response.save(force_insert=True)
    if counts:
        _settle(trial, participant, position)
        renew_leases(participant=participant)
    return Outcome(response, counts)


def _response(fields: dict[str, Any], trial: Trial, counts: bool) -> Response:
    good = Response.Status.COUNTED if trial.kind == Trial.Kind.MAIN else Response.Status.ASIDE
    answers = trial_type_of(fields["participant"].study).answers
    meaning = answers.meaning(trial.arms, fields["shown_value"])
    return Response(trial=trial, status=good if counts else Response.Status.SURPLUS, **meaning, **fields)


def _outcome(stored: Response, participant: Participant) -> Outcome:
    if stored.participant_id != participant.pk:
        raise AnswerError("This answer's id belongs to another participant.")
    return Outcome(stored, stored.status in Response.STANDING)


def _locked_trial(participant: Participant, position: int) -> Trial:
    """The trial that a participant holds, or once held, at a position."""
    trials = Trial.objects.select_for_update(of=("self",))
    trial = trials.filter(participant=participant, position=position).first()
    if trial is None:
        lapse = participant.events.filter(kind=Event.Kind.LAPSED, data__position=position).last()
        if lapse is None:
            raise AnswerError(f"No trial was given out at position {position}.")
        trial = trials.get(pk=lapse.data["trial"])
    return trial


def _settle(trial: Trial, participant: Participant, position: int) -> None:
    """Mark a trial as answered by a participant; if someone else holds it by now, it lapses for them."""
    if trial.participant_id not in (None, participant.pk):
        _record_lapses(trial.study_id, [trial])
    trial.participant, trial.position = participant, position
    trial.state, trial.lease_until = Trial.State.ANSWERED, None
    trial.save(update_fields=["participant", "position", "state", "lease_until"])


def last_answer(participant: Participant) -> Response | None:
    """The answer that can still be taken back: the latest one, if it counts and more is to come.

    None after an undo: it is the last answer that can be taken back, not one after the other.
    """
    last = participant.responses.last()
    return last if last and can_be_undone(participant, last.status) else None


def can_be_undone(participant: Participant, status: str) -> bool:
    return participant.state == Participant.State.ACTIVE and status in Response.STANDING


@write_transaction()
def undo_answer(*, participant: Participant, answer_id: UUID) -> bool:
    """Take the last answer back and give its trial to the participant again. The answer is kept, as undone.

    Nothing happens, and the reply is False, where it is not the last answer or does not count (any more).
    """
    participant = _locked(participant)
    last = last_answer(participant)
    if last is None or last.answer_id != answer_id:
        return False
    trial = Trial.objects.select_for_update(of=("self",)).get(pk=last.trial_id)
    last.refresh_from_db(fields=["status"])
    if last.status not in Response.STANDING:  # it was taken out while the trial was waited for
        return False
    last.status = Response.Status.UNDONE
    last.save(update_fields=["status"])
    trial.state, trial.lease_until = Trial.State.CLAIMED, lease()
    trial.save(update_fields=["state", "lease_until"])
    return True


@write_transaction()
def void_answer(*, response: Response, reason: str, user=None) -> Trial | None:
    """Take an answer out of the scores and ask the same item in the same order again; the new trial.

    The answer and its trial are kept, as void: the participant has seen the item and does not get it again.
    None where there is nothing to make up for: the answer did not count, its trial was a repeat, or showed an arm that has left.
    """
    trial = Trial.objects.select_for_update(of=("self",)).get(pk=response.trial_id)
    response.refresh_from_db(fields=["status"])
    if response.status not in Response.STANDING:
        return None
    counted = response.status == Response.Status.COUNTED
    response.status = Response.Status.VOID
    response.save(update_fields=["status"])
    trial.state, trial.lease_until = Trial.State.VOID, None
    trial.save(update_fields=["state", "lease_until"])
    Event.objects.create(
        study_id=trial.study_id,
        participant_id=response.participant_id,
        user=user,
        kind=Event.Kind.ANSWER_VOID,
        data={"answer": str(response.answer_id), "reason": reason},
    )
    if not counted:
        return None
    return rounds.asks_again(trial)


@write_transaction()
def void_participant(*, participant: Participant, reason: str, user=None) -> int:
    """Take all of a participant's answers out, and what they hold away; how many answers were taken out.

    Every item is asked again of someone else, in the same order. Nothing that says who answered what is erased. They
    take part no more: nothing is given to them, and what still comes from them is kept and does not count.
    """
    participant = _locked(participant)
    _take_back(participant)
    standing = list(participant.responses.filter(status__in=Response.STANDING))
    for response in standing:
        void_answer(response=response, reason=reason, user=user)
    if participant.state in Participant.TAKE_PART:
        participant.state = Participant.State.VOID
        participant.save(update_fields=["state"])
    Event.objects.create(
        study_id=participant.study_id,
        participant=participant,
        user=user,
        kind=Event.Kind.PARTICIPANT_VOID,
        data={"answers": len(standing), "reason": reason},
    )
    return len(standing)


def _take_back(participant: Participant) -> None:
    """What a participant holds becomes void; what counts of it is asked of someone else.

    Before their answers are looked at: an answer that is being settled has the lock of its trial, which is waited for
    here, so it is among their answers by then; and what comes after finds no trial in their hand.
    """
    held = Trial.objects.select_for_update(of=("self",)).filter(participant=participant)
    for trial in held.filter(state=Trial.State.CLAIMED, kind=Trial.Kind.MAIN):
        rounds.asks_again(trial)
    held.filter(state=Trial.State.CLAIMED).update(state=Trial.State.VOID, lease_until=None)


@write_transaction()
def withdraw(*, participant: Participant, user=None) -> Participant:
    """Let a participant go who wants out: every item is asked again of someone else, in the same order, and they are erased.

    What remains leads to nobody (erasure.py). `user`: who of the staff did it because the person asked for it.
    """
    participant = _locked(participant)
    if participant.state == Participant.State.WITHDRAWN:
        return participant
    tombstones.note_when_gone(participant)
    _take_back(participant)
    for response in participant.responses.filter(status__in=Response.STANDING):
        void_answer(response=response, reason="withdrawn by the volunteer")
    erasure.erase(participant)
    Event.objects.create(study_id=participant.study_id, user=user, kind=Event.Kind.WITHDRAWN)
    return participant
