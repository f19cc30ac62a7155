"""draft → precomputing → ready → open ⇄ paused → closed → archived: the steps that a study may take, and the taking of one."""

from typing import Any

from django.contrib.admin.models import DELETION, LogEntry
from django.db import transaction
from django.utils import timezone

from explain.core.errors import BadInputError
from explain.maps import stop_run
from explain.models import Precompute
from studies.models import Event, Invitation, Study
from studies.protocol import to_toml

from .fingerprint import code_version, record_version, seal
from .opening import open_study
from .similarity_job import check_compared
from .study_pictures import drop_pictures

State = Study.State

# state -> {where it can go from there: what that is called}. From draft to ready a study goes by itself (setup/drafts.py).
STEPS: dict[str, dict[str, str]] = {
    State.DRAFT: {},
    State.PRECOMPUTING: {State.DRAFT: "Stop"},
    State.READY: {State.OPEN: "Open", State.DRAFT: "Change"},
    State.OPEN: {State.PAUSED: "Pause", State.CLOSED: "Close"},
    State.PAUSED: {State.OPEN: "Resume", State.CLOSED: "Close"},
    State.CLOSED: {State.ARCHIVED: "Archive"},
    State.ARCHIVED: {State.CLOSED: "Bring back"},
}


class StepError(BadInputError):
    """A study cannot go from its state to that one."""


def change_state(*, study: Study, to: str, user=None, alike_seen: bool = False) -> Study:
    """Go one of the STEPS, and record who did it. Nobody waits here for the arms to be compared: a worker does it.

    Raises:
        StepError: there is no such step from the study's state.
        NotComparedError: a ready study whose arms are still being compared; that has been asked for.
        OpeningError: a ready study that cannot be opened as it is.
    """
    if study.state == State.READY and to == State.OPEN:
        check_compared(study=study, user=user)
        return open_study(study=study, user=user, alike_seen=alike_seen)
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=study.pk)
        if (study.state == State.READY and to == State.OPEN) or to not in STEPS[study.state]:
            raise StepError(f"{study.slug} is {study.state}; it cannot become {to}.")
        if to == State.DRAFT:
            take_apart(study)
        before, study.state = study.state, to
        if to == State.CLOSED:
            study.closed_at = study.closed_at or timezone.now()
        study.save(update_fields=["state", "closed_at", "likeness"])
        data = {"from": before}
        if to == State.CLOSED and before in (State.OPEN, State.PAUSED) and study.nonce:
            data["nonce"] = study.nonce
        Event.objects.create(study=study, user=user, kind=Event.Kind.of_state(to), data=data)
        if before == State.PRECOMPUTING:
            _stop_its_run(study)
    return study


def _stop_its_run(study: Study) -> None:
    """Free the workers of what nobody waits for any more."""
    if study.precompute is not None:
        stop_unless_wanted(study.precompute, but=study)


def stop_unless_wanted(run: Precompute, but: Study | None = None) -> None:
    """Stop a run that no study, `but` one, waits for, and that nobody on staff asked for by itself: that one is theirs to stop."""
    waiting = Study.objects.filter(state=State.PRECOMPUTING, precompute=run)
    if run.created_by_id is None and not (waiting.exclude(pk=but.pk) if but else waiting).exists():
        stop_run(run)


def take_apart(study: Study) -> None:
    """Delete a ready study's items and arms, so that it is a protocol alone again. Maps stay: they belong to the photos."""
    drop_pictures(study)
    study.items.all().delete()
    study.arms.all().delete()
    study.likeness = {}


def delete_study(*, study: Study, user: Any) -> None:
    """Delete a study that was never opened, with its protocol and record; what it was stays in the admin's log.

    Raises StepError for any other: what was asked of people is kept.
    """
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=study.pk)
        if study.is_frozen:
            raise StepError(f"{study.slug} has been opened, so it is kept; close it and archive it instead.")
        message = f"Deleted before it was opened. Its protocol was:\n{to_toml(study.protocol)}"
        LogEntry.objects.log_actions(user.pk, [study], DELETION, message, single_object=True)
        drop_pictures(study)
        if study.state == State.PRECOMPUTING:
            _stop_its_run(study)
        study.delete()


def close_draft(*, study: Study, pictures: dict[str, str], user=None) -> Study:
    """Freeze a study without asking anybody: its answers were collected elsewhere. `pictures`: picture_hashes()."""
    before, study.state, study.code_version = study.state, State.CLOSED, code_version()
    study.closed_at = timezone.now()
    study.protocol_sha256, sealed = seal(study, pictures)
    study.save()
    record_version(study, sealed, user=user)
    Event.objects.create(study=study, user=user, kind=Event.Kind.CLOSED, data={"from": before})
    return study


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, user=None) -> None:
    """Let nobody else in by this invitation, and keep its link no longer. Those who are in stay in."""
    if invitation.revoked_at is None:
        invitation.revoked_at = timezone.now()
        invitation.sealed_token = ""  # nobody is to be shown it again
        invitation.save(update_fields=["revoked_at", "sealed_token"])
        Event.objects.create(
            study_id=invitation.study_id,
            user=user,
            kind=Event.Kind.INVITATION_REVOKED,
            data={"invitation": invitation.pk},
        )
