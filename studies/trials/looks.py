"""How often somebody was shown the maps of a trial, in studies that show them for a time.

A browser says so before it shows them, by its queue, so that whoever loads the page anew gets no second look that nobody knows of.
"""

from collections.abc import Collection
from uuid import UUID

from studies.core.transactions import write_transaction
from studies.models import Event, Participant
from studies.trial_types import AnswerError, trial_page_of

from . import sql

MOST_LOOKS = 50  # kept of one trial


@write_transaction()
def keep_look(*, participant: Participant, position: int, look_id: UUID) -> None:
    """Keep that the maps of a trial were shown; once for each `look_id`, and MOST_LOOKS of one trial.

    Raises:
        AnswerError: the study shows no maps for a time, the trial never was theirs, or they have left.
    """
    if not trial_page_of(participant.study).counts_looks:
        raise AnswerError("This study does not show its maps for a time.")
    if sql.locked_state(participant.pk) in ("", Participant.State.WITHDRAWN):
        raise AnswerError("Whoever looked has left the study, so it is not kept.")
    at = participant.events.filter(data__position=position)
    if not (
        participant.trials.filter(position=position).exists() or at.filter(kind=Event.Kind.LAPSED).exists()
    ):
        raise AnswerError(f"No trial was given out at position {position}.")
    looks = at.filter(kind=Event.Kind.LOOKED)
    if looks.count() < MOST_LOOKS and not looks.filter(data__id=str(look_id)).exists():
        data = {"position": position, "id": str(look_id)}
        Event.objects.create(
            study_id=participant.study_id, participant=participant, kind=Event.Kind.LOOKED, data=data
        )


def looks_at(participant: Participant, positions: Collection[int]) -> dict[int, int] | None:
    """How often the maps of the trials at these positions were shown; None in a study that does not count it."""
    if not trial_page_of(participant.study).counts_looks:
        return None
    looks = participant.events.filter(kind=Event.Kind.LOOKED, data__position__in=list(positions))
    count = dict.fromkeys(positions, 0)
    for position in looks.values_list("data__position", flat=True):
        count[position] += 1
    return count
