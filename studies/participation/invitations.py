"""Who is let in: invitation links, their limits, and what becomes of someone who agrees."""

import secrets
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet
from django.urls import reverse
from django.utils import timezone

from explain.core import clock
from explain.core.errors import BadInputError
from studies.core.transactions import write_transaction
from studies.models import Event, FurtherLink, Invitation, Participant, Study, hash_token
from studies.trials import is_free, last_before_the_hand, minutes_to_wait

from .arrivals import NOBODY_KNOWN, Arrival
from .join_limit import lets_in

# No 0/O, 1/I/L: codes are read aloud and typed.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def link(token: str, base_url: str = "") -> str:
    """An invitation's address; without `base_url` that of a site on this machine."""
    return (base_url.rstrip("/") or "http://127.0.0.1:8000") + reverse("join", args=[token])


@write_transaction()
def invite(
    *,
    study: Study,
    user: Any = None,
    label: str = "",
    quota: int | None = None,
    expires_at: datetime | None = None,
    simulated: bool = False,
) -> tuple[Invitation, str]:
    """Make an invitation, and record who did; it comes with its token.

    Args:
        user: who invites; None on the command line, where nobody is logged in.
        label: for those who run the study; it becomes the group of whoever comes by it.
        quota: how many people it lets in, and `expires_at` until when; None: no limit.
        simulated: whoever comes by it is a simulated volunteer.

    Raises BadInputError for a limit that would let nobody in.
    """
    if lets_nobody_in(quota):
        raise BadInputError(f"quota {quota}: must be 1 or more, or left out for no limit.")
    if is_over(expires_at):
        raise BadInputError(f"expires_at {expires_at}: must be later than now, or left out for no limit.")
    invitation, token = Invitation.issue(
        study, label=label, quota=quota, expires_at=expires_at, simulated=simulated
    )
    Event.objects.create(study=study, user=user, kind=Event.Kind.INVITED, data={"invitation": invitation.pk})
    return invitation, token


MOST_AT_ONCE = 500  # personal links


@write_transaction()
def invite_each(
    *, study: Study, user: Any = None, people: int, label: str = "", expires_at: datetime | None = None
) -> list[tuple[Invitation, str]]:
    """Make a link of their own for each of so many people, all or none; each comes with its token.

    All have one label: it becomes the group of whoever comes, and one of their own would tell in every export whose answers
    those are.

    Raises BadInputError for none or too many at once, and for a time that has passed.
    """
    if not 1 <= people <= MOST_AT_ONCE:
        raise BadInputError(
            f"{people} personal links: make 1 to {MOST_AT_ONCE} at once, and more in several steps."
        )
    if is_over(expires_at):
        raise BadInputError(f"expires_at {expires_at}: must be later than now, or left out for no limit.")
    made = [
        Invitation.prepared(study, label=label, quota=1, expires_at=expires_at, personal=True)
        for _ in range(people)
    ]
    rows = Invitation.objects.bulk_create([invitation for invitation, _ in made])
    numbers = {"personal_links": people, "first": rows[0].pk, "last": rows[-1].pk}
    Event.objects.create(study=study, user=user, kind=Event.Kind.INVITED, data=numbers)
    return made


def lets_nobody_in(quota: int | None) -> bool:
    """Whether so many people are none. None: no limit."""
    return quota is not None and quota < 1


def is_over(expires_at: datetime | None) -> bool:
    """Whether nobody is let in any more: not at that moment itself either. None: no limit."""
    return expires_at is not None and expires_at <= timezone.now()


def closed_because(invitation: Invitation) -> str:
    """Why nobody can come in by an invitation now, as the name of a page in templates/volunteer; "" if they can."""
    if invitation.revoked_at:
        return "revoked"
    if is_over(invitation.expires_at):
        return "expired"
    if invitation.study.state in (Study.State.CLOSED, Study.State.ARCHIVED):
        return "closed"
    if invitation.study.state != Study.State.OPEN:
        return "paused"
    if invitation.quota is not None and _places_taken(invitation) >= invitation.quota:
        return "taken"
    if has_room(invitation.study):
        return ""
    minutes = minutes_to_wait(invitation.study)
    return "full" if minutes is None else "held" if minutes else ""


def _places_taken(invitation: Invitation) -> int:
    """How many take part, or did: who was found not to be eligible takes no place."""
    return invitation.participants.exclude(state=Participant.State.SCREENED).count()


def has_room(study: Study) -> bool:
    """Whether any trial is free, so that it is worth someone's while to begin."""
    return study.trials.filter(is_free(clock.now())).exists()


@write_transaction()
def join(
    *, invitation: Invitation, consent_sha256: str, arrival: Arrival = NOBODY_KNOWN
) -> tuple[Participant, str] | str:
    """Let someone in who has agreed; the participant and the token of their link, or why not.

    Someone whom a recruitment site has sent before is the same participant again (_come_back). The study is locked while it is
    looked who is known, how many came by the invitation and which number is next: the same person may come by two of its
    invitations at once.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=invitation.study_id)
    invitation = study.invitations.get(pk=invitation.pk)
    known = _known(study, arrival)
    if returning := known.select_for_update(no_key=True).first():
        return _come_back(returning, study, invitation, arrival)
    if reason := closed_because(invitation):
        return reason
    if not lets_in(invitation, arrival.address):
        return "crowded"
    number = (study.participants.aggregate(last=Max("number"))["last"] or 0) + 1
    token = arrival.token_of(study)
    participant = Participant.objects.create(
        study=study,
        invitation=invitation,
        number=number,
        token_sha256=hash_token(token),
        simulated=invitation.simulated,
        consent_sha256=consent_sha256,
        external_id=arrival.external_id,
        external=arrival.external,
    )
    Event.objects.create(study=study, participant=participant, kind=Event.Kind.JOINED)
    return participant, token


def _come_back(
    person: Participant, study: Study, invitation: Invitation, arrival: Arrival
) -> tuple[Participant, str] | str:
    """The link of somebody on the device on which they come again: the one that they have there, or a further one.

    A further link is limited unless their site vouches for them: an id alone is known to others, too.
    """
    token, link = arrival.token_of(study), None
    if hash_token(before := arrival.token_before(study, person.number)) in _links_of(person):
        token = before
    if hash_token(token) != person.token_sha256:
        link = person.further_links.filter(token_sha256=hash_token(token)).first()
        if link is None and not lets_in(invitation, arrival.address):
            return "crowded"
        link = link or FurtherLink(
            participant=person, token_sha256=hash_token(token), after=last_before_the_hand(person)
        )
        if arrival.is_signed:
            link.is_limited, link.after = False, 0
        link.external = arrival.external
        link.save()
    person.came_by = link
    if arrival.external and not (link and link.is_limited):
        person.external = arrival.external  # MTurk: the assignment that they hold now
        person.save(update_fields=["external"])
    data = {"limited": True} if link and link.is_limited else {}
    Event.objects.create(study=study, participant=person, kind=Event.Kind.RETURNED, data=data)
    return person, token


def _links_of(person: Participant) -> set[str]:
    return {person.token_sha256, *person.further_links.values_list("token_sha256", flat=True)}


def _known(study: Study, arrival: Arrival) -> QuerySet[Participant]:
    """Whoever it is who comes, if they take part: by the id of a recruitment site, or by a page that was sent before."""
    if arrival.external_id:
        return study.participants.filter(external_id=arrival.external_id)
    if not arrival.device:
        return study.participants.none()
    return study.participants.filter(token_sha256=hash_token(arrival.token_of(study)))


def is_known(invitation: Invitation, arrival: Arrival) -> bool:
    """Whether this person has come before and takes part."""
    return _known(invitation.study, arrival).exists()


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


@write_transaction()
def finish(*, participant: Participant) -> Participant:
    """Give a participant who is through, or was taken out, their completion code; once, and for good."""
    participant = Participant.objects.select_for_update(of=("self",), no_key=True).get(pk=participant.pk)
    through = participant.state == Participant.State.ACTIVE
    if through:
        participant.state, participant.finished_at = Participant.State.FINISHED, timezone.now()
    if through or (participant.state == Participant.State.VOID and not participant.completion_code):
        # Who was taken out and came back has one, which they may have handed on.
        participant.completion_code = participant.completion_code or _new_code()
        participant.save(update_fields=["state", "finished_at", "completion_code"])
    if through:
        Event.objects.create(study_id=participant.study_id, participant=participant, kind=Event.Kind.FINISHED)
    return participant
