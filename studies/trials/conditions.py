"""Which condition somebody gets, where people do not meet all arms mixed: balanced by those who are through or at it.

A condition is given with the first trial, inside the claim that gives it, and stays once a map may have been on its holder's screen.
Browsers are handed that trial while the instructions are read: whoever left before the end of them and comes back when all of their
condition has been given away gets another one, if that has room. Whoever gets theirs locks the study first, so
that two who come at the same moment count each other; who has theirs claims as everybody else.
"""

from collections import Counter
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from explain.core import clock
from explain.core.streams import Stream
from studies.analysis.orders import Order
from studies.models import Event, Participant, Response, Study, Trial
from studies.trial_types import Comparison, Room, comparison_of, next_blocks, next_condition

from . import sql
from .free_trials import choose_free
from .quota import expected_main
from .sql import FreeTrial, PastTrial


def may_get_one(participant: Participant) -> bool:
    """Whether somebody may get a condition with their next trial."""
    if comparison_of(participant.study) == Comparison.WITHIN:
        return False
    return participant.condition is None or not participant.responses.exists()


def orders_of(participant: Participant) -> tuple[str, ...] | None:
    """The orders of the trials that somebody may be given; None: of any."""
    condition = _condition(participant)
    if condition is None or _saw_nothing(participant):
        return None
    return tuple(str(arm) for arm in condition)


def _condition(participant: Participant) -> Order | None:
    if participant.condition is None:
        return None
    study = participant.study
    return comparison_of(study).conditions(study.arms.count())[participant.condition]


def choose(participant: Participant, main: list[PastTrial], seen: set[int], count: int) -> list[FreeTrial]:
    """Lock up to `count` free trials for somebody who holds their row, and the study's if they may get a condition.

    `main`: the required trials that they were given; `seen`: the items that they have met.
    """
    study = participant.study
    if comparison_of(study) == Comparison.WITHIN:
        orders = Counter(trial.order for trial in main)
        return choose_free(study=study, seen=seen, seen_orders=orders, count=count)
    participant.refresh_from_db(fields=["condition"])  # two tabs may have begun at once
    chosen = _of_condition(participant, main, seen, count)
    if chosen or not (participant.condition is None or _saw_nothing(participant)):
        return chosen
    before, participant.condition = participant.condition, _draw(participant)
    chosen = _of_condition(participant, main, seen, count)
    if chosen:
        participant.save(update_fields=["condition"])
    else:
        participant.condition = before
    return chosen


def _saw_nothing(participant: Participant) -> bool:
    """Whether no page has shown them a map: they hold none, and whatever they held was given away before they had read the instructions."""
    if participant.trials.filter(kind=Trial.Kind.MAIN).exists() or participant.responses.exists():
        return False
    lapses = participant.events.filter(kind=Event.Kind.LAPSED)
    read_at = participant.instructed_at
    return read_at is None or not lapses.filter(at__gte=read_at).exists()


def _of_condition(
    participant: Participant, main: list[PastTrial], seen: set[int], count: int
) -> list[FreeTrial]:
    condition = _condition(participant)
    return [] if condition is None else _of_blocks(participant.study, condition, len(main), seen, count)


def _of_blocks(study: Study, condition: Order, given: int, seen: set[int], count: int) -> list[FreeTrial]:
    """Free trials block by block; what one arm lacks is made up for by the others of the condition."""
    chosen: list[FreeTrial] = []
    blocks = next_blocks(condition, given=given, each=expected_main(study), count=count)
    for arm, some in [*blocks, *((arm, count) for arm in condition if len(condition) > 1)]:
        if (lacking := min(some, count - len(chosen))) > 0:
            met = seen | {trial.item_id for trial in chosen}
            chosen += choose_free(
                study=study, seen=met, seen_orders=Counter(), count=lacking, orders=(str(arm),)
            )
    return chosen


def _draw(participant: Participant) -> int | None:
    study = participant.study
    now, label = clock.now(), participant.invitation.label
    free = dict(
        study.trials.filter(sql.is_free(now)).order_by().values_list("order").annotate(Count("pk")).iterator()
    )
    taking_part = _counted(study, now).exclude(pk=participant.pk)
    taking_part = taking_part.annotate(given=Count("trials", filter=Q(trials__kind=Trial.Kind.MAIN)))
    rows = list(
        taking_part.order_by().values_list("condition", "state", "invitation__label", "simulated", "given")
    )
    each = expected_main(study)
    rooms = []
    for number, condition in enumerate(comparison_of(study).conditions(study.arms.count())):
        mine = [row for row in rows if row[0] == number]
        alike = [row for row in mine if row[2:4] == (label, participant.simulated)]
        promised = sum(max(0, each - row[4]) for row in mine if row[1] == Participant.State.ACTIVE)
        room = sum(free.get(str(arm), 0) for arm in condition)
        rooms.append(Room(room, promised, len(alike), len(mine)))
    return next_condition(rooms, Stream.CONDITION.of(study.order_seed, participant.number))


def _counted(study: Study, now: datetime) -> QuerySet[Participant]:
    """Who has a condition and is through, or at it: holds a trial on a running lease, or has answered within one."""
    held = Trial.objects.filter(participant=OuterRef("pk"), state=Trial.State.CLAIMED, lease_until__gte=now)
    lately = now - timedelta(seconds=settings.LEASE_SECONDS)
    answered = Response.objects.filter(participant=OuterRef("pk"), created_at__gte=lately)
    at_it = Q(state=Participant.State.ACTIVE) & (Q(Exists(held)) | Q(Exists(answered)))
    through = Q(state=Participant.State.FINISHED)
    return study.participants.filter(through | at_it, condition__isnull=False)
