"""Which free trials someone is given. They are locked here; allocation.py hands them over."""

from collections import Counter
from collections.abc import Collection
from time import monotonic, sleep

from explain.core import clock
from studies.models import Study, Trial

from . import sql
from .sql import FreeTrial

# A claim looks at this many times as many free trials as it takes, to give each person all orders in turn.
WINDOW = 4
LOOK_AGAIN, LONGEST_WAIT = 0.01, 10.0  # seconds, where others have locked the last free trials


def choose_free(
    *,
    study: Study,
    seen: set[int],
    seen_orders: Counter[str],
    count: int,
    orders: Collection[str] | None = None,
) -> list[FreeTrial]:
    """Lock up to `count` free trials, one for an item that is not `seen`, in the orders that are rarest in `seen_orders`.

    `orders`: in these alone.
    """
    return _choose(_take(study, seen, count, orders), Counter(seen_orders), count)


def _take(study: Study, seen: set[int], count: int, orders: Collection[str] | None) -> list[FreeTrial]:
    """Lock enough free trials to choose from: open ones in order, then those whose lease is over.

    Rows that others have locked are passed over. If that leaves none, look again in a moment: at the end of a
    study everyone reaches for the same last rows, and the lock of someone who is still choosing is no answer.
    Nobody waits for a lock while holding others (rows that were locked in vain stay locked too), so there is no
    deadlock. On SQLite the transaction has the only write lock, and the first look is final.
    """
    patience = monotonic() + LONGEST_WAIT
    while True:
        locked = sql.lock_free(study.pk, seen, count * WINDOW, orders=orders)
        if len({trial.item_id for trial in locked}) < count:
            locked += sql.lock_free(study.pk, seen, count * WINDOW, clock.now(), orders=orders)
        if locked or monotonic() > patience or not _is_any_free(study, seen, orders):
            return locked
        sleep(LOOK_AGAIN)


def _is_any_free(study: Study, seen: set[int], orders: Collection[str] | None) -> bool:
    free = study.trials.filter(sql.is_free(clock.now())).exclude(item__in=seen)
    return (free if orders is None else free.filter(order__in=orders)).exists()


def _choose(free: list[FreeTrial], seen_orders: Counter[str], count: int) -> list[FreeTrial]:
    """One trial for an item, preferring orders that the participant has seen least, then the order of ids."""
    chosen: list[FreeTrial] = []
    free = sorted(free, key=lambda trial: (trial.state == Trial.State.CLAIMED, trial.pk))
    while free and len(chosen) < count:
        best = min(free, key=lambda trial: seen_orders[trial.order])
        seen_orders[best.order] += 1
        chosen.append(best)
        free = [trial for trial in free if trial.item_id != best.item_id]
    return chosen
