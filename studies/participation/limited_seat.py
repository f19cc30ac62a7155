"""The seat of somebody who came back by a recruitment site's id alone, on another device: they may go on, and no more.

Anybody can have such an id. So nothing of what was given is shown here, by a page or in what the queue is told: no progress, no
answer that could be taken back, no photo of before, no completion code. Positions are counted from where this link begins.
"""

from typing import Any

from studies.models import Participant
from studies.trial_types import AnswerError

from .seats import Credit, VolunteerSeat


class LimitedSeat(VolunteerSeat):
    is_limited = True

    def place(self) -> str:
        """Whatever became of them is told on their own device: here it is over."""
        return "thanks" if self.participant.state != Participant.State.ACTIVE else super().place()

    def break_is_due(self) -> bool:
        return False  # its page says how many answers were given

    def block(self) -> dict[str, Any]:
        block = super().block()
        return {
            **block,
            "trials": [trial for trial in block["trials"] if trial["position"] > 0],
            "done": 0,
            "total": 0,
            "last": None,
            "break_every": 0,
            "limited": True,
        }

    def position_here(self, position: int) -> int:
        return position - self.link.after

    def credits(self) -> list[Credit]:
        return []

    def keep_background(self, answers: dict[str, Any], *, eligible: bool) -> None:
        """Who is not eligible is told so, but is not taken out by somebody else."""
        if eligible:
            super().keep_background(answers, eligible=eligible)

    def finish(self) -> None:
        """Only where nothing is in hand: what their own device took back and holds is not shown here."""
        if not super().block()["trials"]:
            super().finish()

    def withdraw(self) -> None:
        raise AnswerError("A link that an id alone led to takes nobody out.")
