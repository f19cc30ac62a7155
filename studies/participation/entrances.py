"""The ways in: by an invitation's link, and by one's own. Views get an entrance or a seat and know no tokens."""

from collections.abc import Callable
from functools import wraps
from typing import Protocol

from django.http import HttpRequest, HttpResponse

from studies.core.transactions import write_transaction
from studies.models import Invitation, Participant, Study, hash_token
from studies.trials import expected_trials, somebody_who_left

from . import invitations
from .arrivals import Arrival, read_arrival, somebody_by
from .complaints import keep_complaint
from .decorators import View, invitation_required, participant_required
from .limited_seat import LimitedSeat
from .seats import Seat, VolunteerSeat


class Entrance(Protocol):
    """The way into a study: what it asks for, whether it is open, and the seat of whoever agrees."""

    @property
    def study(self) -> Study: ...

    @property
    def token(self) -> str: ...

    def keep_complaint(self, text: str) -> bool:
        """Keep what somebody wrote who has not agreed to anything; False where that is too much."""
        ...

    @property
    def expected(self) -> int: ...

    def arrival(self, request: HttpRequest) -> Arrival | str:
        """Who comes, or why nobody can who comes like this, as the name of a refusal (decorators.py)."""
        ...

    def closed_because(self, arrival: Arrival) -> str:
        """Why this person cannot come in, as the name of a refusal; "" if they can."""
        ...

    def knows(self, arrival: Arrival) -> bool:
        """Whether they have come before and take part, or did."""
        ...

    def has_left(self, arrival: Arrival) -> bool:
        """Whether they withdrew on this device."""
        ...

    def last_here(self, arrival: Arrival) -> "Seat | None":
        """The seat of whoever came last on the device of somebody who brings no id; they may have left."""
        ...

    def join(self, *, consent_sha256: str, arrival: Arrival) -> "Seat | str":
        """Let someone in who has agreed; their seat, or why not."""
        ...


class InvitationEntrance:
    """The way in by an invitation's link."""

    def __init__(self, invitation: Invitation, token: str) -> None:
        self.invitation, self.study, self.token = invitation, invitation.study, token

    @property
    def expected(self) -> int:
        return expected_trials(self.study)

    def arrival(self, request: HttpRequest) -> Arrival | str:
        arrival = read_arrival(request, self.study)
        if isinstance(arrival, str) or not self.invitation.simulated:
            return arrival
        return arrival.trying_out()

    def keep_complaint(self, text: str) -> bool:
        with write_transaction():
            # Whoever writes at the same moment waits: the limit is for all of them.
            study = Study.objects.select_for_update(no_key=True).get(pk=self.study.pk)
            return keep_complaint(study, text)

    def closed_because(self, arrival: Arrival) -> str:
        if self.study.simulated_only and not self.invitation.simulated:
            return "simulated"
        if self.knows(arrival):
            return ""
        return invitations.closed_because(self.invitation)

    def knows(self, arrival: Arrival) -> bool:
        return invitations.is_known(self.invitation, arrival)

    def has_left(self, arrival: Arrival) -> bool:
        return arrival.has_cookie and somebody_who_left(hash_token(arrival.token_of(self.study))) is not None

    def last_here(self, arrival: Arrival) -> Seat | None:
        if not arrival.last or arrival.external_id:
            return None
        token = arrival.token_of(self.study, arrival.last)
        participant = somebody_by(token)
        # Who tried the study out here is not offered to go on as that when they take part in earnest, nor the other way round.
        if participant is None or participant.simulated != self.invitation.simulated:
            return None
        return _seat_of(participant, token)

    def join(self, *, consent_sha256: str, arrival: Arrival) -> Seat | str:
        joined = invitations.join(invitation=self.invitation, consent_sha256=consent_sha256, arrival=arrival)
        return joined if isinstance(joined, str) else _seat_of(*joined)


def at_seat(view: Callable[[HttpRequest, Seat], HttpResponse], *, screened: bool = False) -> View:
    """Call a view with the seat of the volunteer whom the token in the address belongs to; `screened`: also of who may not take part."""

    @participant_required(screened=screened)
    @wraps(view)
    def wrapped(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
        return view(request, _seat_of(participant, token))

    return wrapped


def _seat_of(participant: Participant, token: str) -> VolunteerSeat:
    link = participant.came_by
    return LimitedSeat(participant, token) if link and link.is_limited else VolunteerSeat(participant, token)


def at_entrance(view: Callable[[HttpRequest, Entrance], HttpResponse]) -> View:
    """Call a view with the entrance that the invitation's token in the address opens."""

    @invitation_required
    @wraps(view)
    def wrapped(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
        return view(request, InvitationEntrance(invitation, token))

    return wrapped
