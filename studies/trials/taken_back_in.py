"""Somebody who was taken out counts again: what can come back does, and what cannot is said.

When their answers were taken out, each photo was asked again of others, in the same order. An answer comes back where nobody
else has given it since: the place that was made for others is taken away again. So every photo keeps exactly its answers and
its orders. Answers to repeats and attention checks have no place that others could have taken, and always come back.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from explain.core import clock
from explain.core.errors import BadInputError
from studies.core.transactions import write_transaction
from studies.models import Event, Participant, Response, Trial
from studies.trial_types import trial_type_of

from .allocation import _locked, _record_lapses
from .sql import is_free


class NotTakenOutError(BadInputError):
    """Somebody is to count again who was not taken out."""


@dataclass(frozen=True)
class TakenBackIn:
    """How many answers count again, or stand aside again, and for how many of them others have answered or answer now."""

    back: int
    lost: int


@write_transaction()
def take_back_in(*, participant: Participant, reason: str, user=None) -> TakenBackIn:
    """Undo void_participant(). They go on where they were: asked more if they were not through, and with the code that they got.

    Answers that were taken out one by one before, and what came from them since, stay as they are.

    Raises NotTakenOutError where they are not taken out now.
    """
    participant = _locked(participant)
    if participant.state != Participant.State.VOID:
        raise NotTakenOutError(
            f"participant {participant.number}: is {participant.state}, not taken out, so nothing can be undone."
        )
    answers = participant.responses.filter(answer_id__in=_taken_out_at_last(participant))
    void = list(answers.filter(status=Response.Status.VOID).order_by("id"))
    back = sum(_comes_back(response) for response in void)
    through = participant.finished_at is not None
    participant.state = Participant.State.FINISHED if through else Participant.State.ACTIVE
    participant.save(update_fields=["state"])
    outcome = TakenBackIn(back, len(void) - back)
    Event.objects.create(
        study_id=participant.study_id,
        participant=participant,
        user=user,
        kind=Event.Kind.PARTICIPANT_BACK,
        data={"answers": outcome.back, "not_back": outcome.lost, "reason": reason},
    )
    return outcome


def _taken_out_at_last(participant: Participant) -> Iterable[str]:
    """The ids of the answers that were taken out when the person was: their events stand right before that of the person."""
    event = participant.events.filter(kind=Event.Kind.PARTICIPANT_VOID).order_by("id").last()
    if event is None:
        return []
    before = participant.events.filter(kind=Event.Kind.ANSWER_VOID, id__lt=event.pk).order_by("-id")
    return [data["answer"] for data in before.values_list("data", flat=True)[: event.data["answers"]]]


def _comes_back(response: Response) -> bool:
    """Let an answer stand again, if its place is still free."""
    trial = Trial.objects.select_for_update(of=("self",)).get(pk=response.trial_id)
    if trial.kind == Trial.Kind.MAIN and not _take_place_away(trial):
        return False
    response.status = Response.Status.COUNTED if trial.kind == Trial.Kind.MAIN else Response.Status.ASIDE
    response.save(update_fields=["status"])
    trial.state = Trial.State.ANSWERED
    trial.save(update_fields=["state"])
    return True


def _take_place_away(trial: Trial) -> bool:
    """Make one free trial about the same item void, in the same order where orders are fixed: it need not be asked any more.

    Whether the answer may stand. Where a study has no end it always may: there is no number of answers that it could exceed.
    """
    layout = trial_type_of(trial.study).layout
    alike = Trial.objects.filter(is_free(clock.now()), item=trial.item_id)
    if not layout.in_rounds:  # a later round may have chosen another order for the place
        alike = alike.filter(order=trial.order)
    locked = alike.select_for_update(of=("self",), skip_locked=True)
    # One that nobody has seen goes before one whose lease is over: "open" comes after "claimed".
    place = locked.order_by("-state", "-pk").first()
    if place is None:
        return layout.endless
    if place.participant_id:
        _record_lapses(place.study_id, [place])
    place.state, place.participant, place.position, place.lease_until = Trial.State.VOID, None, None, None
    place.save(update_fields=["state", "participant", "position", "lease_until"])
    return True
