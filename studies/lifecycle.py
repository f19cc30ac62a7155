"""From draft to open, paused and closed: who may be asked now."""

from django.db import transaction
from django.utils import timezone

from explain.errors import BadInputError

from .models import Event, Invitation, Study
from .opening import code_version, fingerprint, open_study

# state -> {where it can go from there: what that is called}
STEPS: dict[str, dict[str, str]] = {
    Study.State.DRAFT: {Study.State.OPEN: "Open"},
    Study.State.OPEN: {Study.State.PAUSED: "Pause", Study.State.CLOSED: "Close"},
    Study.State.PAUSED: {Study.State.OPEN: "Resume", Study.State.CLOSED: "Close"},
    Study.State.CLOSED: {},
}


class StepError(BadInputError):
    """A study cannot go from its state to that one."""


def change_state(*, study: Study, to: str, user=None) -> Study:
    """Open, pause, resume or close a study, and record who did it.

    Raises:
        StepError: there is no such step from the study's state.
        OpeningError: a draft that cannot be opened as it is.
    """
    if study.state == Study.State.DRAFT and to == Study.State.OPEN:
        return open_study(study=study, user=user)
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=study.pk)
        if study.state == Study.State.DRAFT or to not in STEPS[study.state]:
            raise StepError(f"{study.slug} is {study.state}; it cannot become {to}.")
        before, study.state = study.state, to
        study.closed_at = timezone.now() if to == Study.State.CLOSED else None
        study.save(update_fields=["state", "closed_at"])
        Event.objects.create(study=study, user=user, kind=to, data={"from": before})
    return study


def close_draft(*, study: Study, pictures: dict[str, str], user=None) -> Study:
    """Freeze a draft without asking anybody: its answers were collected elsewhere. `pictures`: picture_hashes()."""
    study.state, study.code_version = Study.State.CLOSED, code_version()
    study.closed_at = timezone.now()
    study.protocol_sha256 = fingerprint(study, pictures)
    study.save()
    Event.objects.create(study=study, user=user, kind=Study.State.CLOSED, data={"from": Study.State.DRAFT})
    return study


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, user=None) -> None:
    """Let nobody else in by this invitation. Those who are in stay in."""
    if invitation.revoked_at is None:
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])
        Event.objects.create(
            study_id=invitation.study_id,
            user=user,
            kind="invitation revoked",
            data={"invitation": invitation.pk},
        )
