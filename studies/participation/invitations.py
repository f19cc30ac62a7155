"""Who is let in: invitation links, their limits, and what becomes of someone who agrees."""

import secrets
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from explain.core import clock
from explain.core.errors import BadInputError
from studies.core.transactions import write_transaction
from studies.models import Event, Invitation, Participant, Study, hash_token, new_token
from studies.trials import is_free

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
    """Make an invitation, and record who did; it comes with its token, which is not kept anywhere.

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
    if invitation.quota is not None and invitation.participants.count() >= invitation.quota:
        return "full"
    return "" if has_room(invitation.study) else "full"


def has_room(study: Study) -> bool:
    """Whether any trial is free, so that it is worth someone's while to begin."""
    return study.trials.filter(is_free(clock.now())).exists()


@write_transaction()
def join(
    *, invitation: Invitation, consent_sha256: str, external_id: str = "", external: dict | None = None
) -> tuple[Participant, str] | str:
    """Let someone in who has agreed; the participant and the token of their link, or why not.

    Someone whom a recruitment site has sent before (`external_id`) is the same participant again, under a new
    link. The study is locked while it is looked who is known, how many came by the invitation and which number is
    next: the same person may come by two of its invitations at once.
    """
    study, token = Study.objects.select_for_update(no_key=True).get(pk=invitation.study_id), new_token()
    invitation = study.invitations.get(pk=invitation.pk)
    if returning := study.participants.exclude(external_id="").filter(external_id=external_id).first():
        returning.token_sha256 = hash_token(token)
        returning.external = external or returning.external  # MTurk: the assignment that they hold now
        returning.save(update_fields=["token_sha256", "external"])
        Event.objects.create(study=study, participant=returning, kind=Event.Kind.RETURNED)
        return returning, token
    if reason := closed_because(invitation):
        return reason
    participant = Participant.objects.create(
        study=study,
        invitation=invitation,
        number=(study.participants.aggregate(last=Max("number"))["last"] or 0) + 1,
        token_sha256=hash_token(token),
        simulated=invitation.simulated,
        consent_sha256=consent_sha256,
        external_id=external_id,
        external=external or {},
    )
    Event.objects.create(study=study, participant=participant, kind=Event.Kind.JOINED)
    return participant, token


def is_known(invitation: Invitation, external_id: str) -> bool:
    """Whether a recruitment site has sent this person before."""
    return bool(external_id) and invitation.study.participants.filter(external_id=external_id).exists()


@write_transaction()
def finish(*, participant: Participant) -> Participant:
    """Give a participant who is through, or was taken out, their completion code; once, and for good."""
    participant = Participant.objects.select_for_update(of=("self",), no_key=True).get(pk=participant.pk)
    through = participant.state == Participant.State.ACTIVE
    if through:
        participant.state, participant.finished_at = Participant.State.FINISHED, timezone.now()
    if through or (participant.state == Participant.State.VOID and not participant.completion_code):
        participant.completion_code = "-".join(
            "".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3)
        )
        participant.save(update_fields=["state", "finished_at", "completion_code"])
    if through:
        Event.objects.create(study_id=participant.study_id, participant=participant, kind=Event.Kind.FINISHED)
    return participant
