"""The links of one person, and what is taken by each: what was given at one may come in by another.

Somebody who was offline has answers waiting in their browser. They may return by a link of another token: then the answers
are theirs all the same, and count positions from where the link began at which they were given.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from studies.models import Participant
from studies.trial_types import AnswerError
from studies.trials import answer_trial, keep_look, looks_at, undo_answer


def queue_name(participant: Participant) -> str:
    """What a browser keeps somebody's answers under until they are sent: the same by every link of theirs.

    It leads to nobody, and tells neither their number nor their link.
    """
    return _name(settings.SECRET_KEY, "queue", str(participant.pk))


@dataclass(frozen=True)
class Link:
    """One link of a participant: their first, or a further one, which may count positions from a later trial."""

    participant: Participant
    token_sha256: str
    after: int = 0  # the position of the last trial before those that it shows
    is_limited: bool = False  # whether nothing of before may be taken back here (limited_seat.py)

    @classmethod
    def at(cls, participant: Participant) -> "Link":
        """The link by which somebody came this time."""
        came_by = participant.came_by
        return _further(participant, came_by) if came_by else cls(participant, participant.token_sha256)

    @property
    def name(self) -> str:
        """What an answer that waits says of the link at which it was given. It tells nobody the link."""
        return _name(settings.SECRET_KEY, "link", f"{self.token_sha256} {self.after}")

    def named(self, name: Any) -> "Link":
        """The link of the same person that something was given at; AnswerError where it is none of theirs."""
        if name in (None, "", self.name):
            return self
        link = next((link for link in _all(self.participant) if link.name == name), None)
        if link is None:
            raise AnswerError("It was given at the link of somebody else.")
        return link

    def answer(self, **fields: Any) -> None:
        position = fields["position"] + self.after
        told = {**(fields.get("telemetry") or {})}
        if looks := looks_at(self.participant, [position]):
            told["looks"] = looks[position]  # as it is known here, whatever a browser says
        answer_trial(participant=self.participant, **fields | {"position": position, "telemetry": told})

    def look(self, position: int, look_id: UUID) -> None:
        keep_look(participant=self.participant, position=position + self.after, look_id=look_id)

    def undo(self, answer_id: UUID) -> None:
        if self.is_limited:
            raise AnswerError("A link that an id alone led to takes no answer back.")
        undo_answer(participant=self.participant, answer_id=answer_id)


def _all(participant: Participant) -> Iterator[Link]:
    yield Link(participant, participant.token_sha256)
    for link in participant.further_links.all():
        yield _further(participant, link)


def _further(participant: Participant, link: Any) -> Link:
    return Link(participant, link.token_sha256, link.after, link.is_limited)


@lru_cache(maxsize=5000)
def _name(secret: str, kind: str, of: str) -> str:
    salt = f"studies.participation.links.{kind}"
    return salted_hmac(salt, of, secret=secret, algorithm="sha256").hexdigest()[:32]
