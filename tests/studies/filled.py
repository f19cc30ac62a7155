"""Studies with answers in them, written straight into the database. The order of arms is 0,1,2 unless given."""

import uuid

from django.db import connection

from studies.models import Invitation, Participant, Response, Study, Trial, hash_token, new_token
from studies.trial_types import trial_type_of


def reading_costs() -> int:
    """The queries by which PostgreSQL gets room to sort for one large reading: a savepoint, the room, and its end."""
    return 3 if connection.vendor == "postgresql" else 0


def make_participant(study: Study, *, simulated: bool = False, label: str = "class", **fields) -> Participant:
    invitation, _ = Invitation.issue(study, label=label, simulated=simulated)
    return Participant.objects.create(
        study=study,
        invitation=invitation,
        number=study.participants.count() + 1,
        token_sha256=hash_token(new_token()),
        simulated=simulated,
        **fields,
    )


def answer(
    participant: Participant, item: int, value: int, *, order: str = "", kind: str = "main", **fields
) -> Response:
    """One answer about the item with that number; `value` is what is stored: an arm index, -1 for same, a rating …"""
    study = participant.study
    arms = study.arms.count()
    order = order or ",".join(map(str, range(arms)))
    status = fields.get("status", Response.Status.COUNTED)
    trial = Trial.objects.create(
        study=study,
        item=study.items.get(index=item),
        order=order,
        state=Trial.State.ANSWERED if status == Response.Status.COUNTED else Trial.State.OPEN,
        participant=participant,
        kind=kind,
    )
    answers, arms_at = trial_type_of(study).answers, trial.arms
    buttons = answers.shown_values(len(arms_at))
    shown = next(button for button in buttons if answers.stored_value(arms_at, button) == value)
    stored = {answers.column: value, "shown_value": shown}
    return Response.objects.create(
        **{
            "answer_id": uuid.uuid4(),
            "trial": trial,
            "participant": participant,
            "simulated": participant.simulated,
            **stored,
            **fields,
        }
    )


def fill(study: Study, answers: list[list[int]], **person) -> list[Participant]:
    """answers[p][i] is what participant p says about item i."""
    people = []
    for row in answers:
        people.append(make_participant(study, **person))
        for item, value in enumerate(row):
            answer(people[-1], item, value)
    return people
