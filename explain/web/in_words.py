"""Figures of a run as pages say them."""

from explain import maps
from explain.models import Batch


def shown(state: maps.RunProgress) -> dict[str, str]:
    """The figures of a run as text for people, under the names that the page and its script use."""
    speed, left = state.photos_per_second, state.seconds_left
    return {
        "state": _state(state),
        "turn": _turn(state.turn),
        "photos": f"{state.photos_done:,} of {state.photos:,}",
        "percent": f"{state.percent} %",
        "speed": f"{speed:.1f}" if speed else "–",
        "left": "–" if state.finished or left is None else _duration(left),
        **{name: f"{count:,}" for name, count in state.batches.items()},
    }


def _state(state: maps.RunProgress) -> str:
    if state.stopped:
        return "stopped"
    if state.idle:
        return "waiting for a worker"
    waits = not state.batches[Batch.State.RUNNING] and state.turn is not None and state.turn.elsewhere
    return "waiting for its turn" if waits else "running"


def _turn(turn: maps.Turn | None) -> str:
    """What a run waits for, in a sentence; nothing where it does not wait or no worker is there."""
    if turn is None or not turn.elsewhere:
        return ""
    what = [f"run {number}" for number in turn.busy_with[:2]] or [f"something else ({turn.job})"]
    next_one = "this run is next" if not turn.before else f"{turn.before} more before this one"
    when = f", in about {_duration(turn.seconds)}" if turn.seconds is not None else ""
    return f"The worker is busy with {' and '.join(what)}; {next_one}{when}."


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
