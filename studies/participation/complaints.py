"""What people write by “Something is wrong”: kept in the study's record, for those who run it, and erased with its writer.

Nobody is asked who they are. Somebody who takes part is known by their number, so that they can be helped; who has not agreed
yet is nobody. So much is taken of one person, and of all who have not agreed within an hour.
"""

from datetime import timedelta

from explain.core import clock
from studies.models import Event, Participant, Study

LONGEST = 1000  # characters
OF_ONE_AN_HOUR, OF_ONE, OF_NOBODY_AN_HOUR = 5, 20, 30


def keep_complaint(study: Study, text: str, participant: Participant | None = None) -> bool:
    """Keep what somebody wrote; False where that would be too much. `participant`: None who has not agreed yet.

    In a transaction that whoever leaves the study waits for (VolunteerSeat).
    """
    written = study.events.filter(kind=Event.Kind.WROTE, participant=participant)
    lately = written.filter(at__gt=clock.now() - timedelta(hours=1)).count()
    too_many = lately >= (OF_ONE_AN_HOUR if participant else OF_NOBODY_AN_HOUR)
    if too_many or (participant and written.count() >= OF_ONE):
        return False
    Event.objects.create(
        study=study, participant=participant, kind=Event.Kind.WROTE, data={"text": text[:LONGEST]}
    )
    return True
