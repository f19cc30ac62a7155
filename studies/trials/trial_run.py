"""The end of a trial run: simulated volunteers, and whoever tried a study out as one, are deleted before anybody real comes."""

from typing import Any

from explain.core.errors import BadInputError
from studies.core.transactions import write_transaction
from studies.models import Event, Response, Study, Trial

RUNNING = (Study.State.OPEN, Study.State.PAUSED)


class NotDeletedError(BadInputError):
    """Test people who cannot be deleted any more."""


def why_they_stay(study: Study) -> str:
    """Why a study's test people cannot be deleted, in a sentence; "" if they can, or there are none."""
    if study.state not in RUNNING:
        return f"{study.slug}: is {study.state}; test people are deleted while a study is open or paused."
    if study.participants.filter(simulated=False).exists():
        return f"{study.slug}: somebody real has taken part, so nobody is deleted any more; results leave simulated answers out."
    return ""


@write_transaction()
def delete_test_people(*, study: Study, user: Any = None) -> int:
    """Delete everybody simulated, with their answers and what they did, and ask anew what they answered; how many they were.

    Every trial that was laid out is open again, at its place; those of repeats and checks, and what was taken out, stay as void
    trials that lead to nobody.

    Raises NotDeletedError where somebody real has come by now, whatever became of them, or the study is over.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)  # whoever joins waits for it
    if reason := why_they_stay(study):
        raise NotDeletedError(reason)
    people = study.participants.filter(simulated=True)
    count, answers = people.count(), Response.objects.filter(participant__in=people)
    if not count:
        return 0
    given = answers.count()
    answers.forget()
    theirs = Trial.objects.filter(participant__in=people)
    required = theirs.filter(kind=Trial.Kind.MAIN).exclude(state=Trial.State.VOID)
    required.update(state=Trial.State.OPEN, participant=None, position=None, lease_until=None)
    theirs.update(state=Trial.State.VOID, participant=None, position=None, lease_until=None)
    events = Event.objects.filter(participant__in=people)
    events.filter(user=None).forget()
    events.erase("data", "participant")
    people.delete()
    Event.objects.create(
        study=study,
        user=user,
        kind=Event.Kind.TEST_PEOPLE_DELETED,
        data={"people": count, "answers": given},
    )
    return count
