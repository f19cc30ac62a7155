"""What a volunteer's page asks for: an answer stored, or the last one taken back.

It comes from anyone who has a link, so it is read with care. What cannot be done is kept as an event, up to a limit.
"""

import json
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from explain.core.storable import storable
from studies.models import Event, Participant, Study
from studies.trial_types import SHOWN_VALUES, AnswerError, trial_page_of, trial_type_of
from studies.trials import kept_of

MOST_AT_ONCE = 200  # operations from one request; a browser sends the others again
REFUSED_BYTES, REFUSED_EVENTS = 2000, 100  # kept of one operation, and of one participant
LARGEST = 2**31 - 1
PART = "part."  # before the name of an answer's part, in a form


class UnsureError(AnswerError):
    """An answer of a study that asks how sure people are, without that."""


class Sender(Protocol):
    """By which link of somebody it was given (links.py)."""

    def answer(
        self,
        *,
        position: int,
        shown_value: int,
        answer_id: UUID,
        confidence: int | None,
        response_ms: int | None,
        version: int | None,
        telemetry: dict | None,
    ) -> None: ...

    def undo(self, answer_id: UUID) -> None: ...

    def look(self, position: int, look_id: UUID) -> None: ...


class Taker(Sender, Protocol):
    """Whose operations they are: a seat (seats.py)."""

    @property
    def study(self) -> Study: ...

    def keep_refused(self, operation: Any, why: str) -> None: ...

    def by_link(self, link: Any) -> "Sender":
        """The link at which something was given; AnswerError where it is none of this person's."""
        ...


def apply_operation(seat: Taker, operation: Any) -> bool:
    """Do what a queued operation says; whether it could be. It is never asked about again: what cannot be done is noted."""
    try:
        if not isinstance(operation, dict):
            raise AnswerError("An operation is no object.")
        sender = seat.by_link(operation.get("link"))
        if operation.get("kind") == "undo":
            sender.undo(read_id(operation.get("answer_id")))
        elif operation.get("kind") == "look":
            position = read_whole(operation.get("position"), "position", least=1)
            sender.look(position, read_id(operation.get("id")))
        else:
            told = kept_of(operation.get("telemetry"))
            answer(sender, seat.study, {**operation, "answer_id": operation.get("id")}, told)
    except AnswerError as error:
        seat.keep_refused(operation, str(error))
        return False
    return True


def answer(sender: Sender, study: Study, sent: Mapping[str, Any], telemetry: dict | None = None) -> None:
    """Store an answer as a form or a queue says it.

    Raises:
        IncompleteError: some of its parts are missing.
        UnsureError: all but how sure they are is there.
        AnswerError: it cannot be read, or cannot be an answer.
    """
    time, version = sent.get("response_ms"), sent.get("version")
    sender.answer(
        position=read_whole(sent.get("position"), "position", least=1),
        shown_value=read_value(study, sent),
        answer_id=read_id(sent.get("answer_id")),
        confidence=read_confidence(study, sent),
        response_ms=None if time in (None, "") else read_whole(time, "response_ms"),
        version=None if version in (None, "") else read_whole(version, "version"),
        telemetry=telemetry,
    )


def read_confidence(study: Study, sent: Mapping[str, Any]) -> int | None:
    """How sure they are, where the study asks it; what is sent elsewhere is not kept."""
    scale = trial_page_of(study).scale
    if scale is None:
        return None
    if sent.get("confidence") in (None, ""):
        raise UnsureError("confidence: is missing; this study asks after each answer how sure people are.")
    return read_whole(sent["confidence"], "confidence", scale.least, scale.most)


def read_value(study: Study, sent: Mapping[str, Any]) -> int:
    """What was answered, as the study's trial type counts it: the button that was pressed, or its parts together.

    A script sends the parts as one object, a form each by its name.
    """
    kind = trial_type_of(study).answers
    if not kind.several or sent.get("value") not in (None, ""):
        return read_whole(sent.get("value"), "value", SHOWN_VALUES[0], SHOWN_VALUES[-1])
    parts = sent.get("parts", parts_in(sent))
    if not isinstance(parts, Mapping):
        raise AnswerError("parts: must be an object of answers by the names of the questions.")
    return kind.together(parts)


def parts_in(form: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of an answer that a form holds."""
    return {name.removeprefix(PART): form[name] for name in form if name.startswith(PART)}


def read_whole(value: Any, name: str, least: int = 0, most: int = LARGEST) -> int:
    """A whole number, from JSON or as a form writes it."""
    try:
        number = int(value) if isinstance(value, str) else value
    except ValueError:
        number = None
    if type(number) is not int or not least <= number <= most:
        raise AnswerError(f"{name}: must be a whole number from {least} to {most}.")
    return number


def read_id(value: Any) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise AnswerError("The answer's id must be a UUID.") from None


def _can_be_kept(value: Any, limit: int) -> bool:
    """Whether a value fits, and is something that the JSON of every database can hold."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return len(text) <= limit and b"\\u0000" not in text


def keep_refused(participant: Participant, operation: Any, why: str) -> None:
    """Keep as an event what cannot be done: of one participant so many, and of each so much."""
    kept = participant.events.filter(kind=Event.Kind.REFUSED).count()
    if kept >= REFUSED_EVENTS:
        return
    if not _can_be_kept(operation, REFUSED_BYTES):
        operation = {"cut": json.dumps(operation)[:REFUSED_BYTES]}
    data = {"why": storable(why[:REFUSED_BYTES]), "operation": operation}  # it may name what was sent
    if kept == REFUSED_EVENTS - 1:
        data["more"] = "are not kept"
    Event.objects.create(
        study_id=participant.study_id, participant=participant, kind=Event.Kind.REFUSED, data=data
    )
