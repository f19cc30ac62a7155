"""What may be done often, and should not be: looking how far work is takes longer the more of it there is."""

import time
from collections.abc import Callable

SHARE = 0.05


def sparingly(do: Callable[[], object], share: float = SHARE) -> Callable[[], None]:
    """`do`, but passed over as long as it would take more than `share` of the time since it last began.

    The last call of many may be one that is passed over: whoever wants the end asks once more.
    """
    rests_until = float("-inf")

    def call() -> None:
        nonlocal rests_until
        began = time.monotonic()
        if began < rests_until:
            return
        do()
        rests_until = began + (time.monotonic() - began) / share

    return call
