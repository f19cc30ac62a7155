"""Figures of a run as pages say them."""

from explain import maps


def shown(state: maps.RunProgress) -> dict[str, str]:
    """The figures of a run as text for people, under the names that the page and its script use."""
    speed, left = state.photos_per_second, state.seconds_left
    return {
        "state": "waiting for a worker" if state.idle else "running",
        "photos": f"{state.photos_done:,} of {state.photos:,}",
        "percent": f"{state.percent} %",
        "speed": f"{speed:.1f}" if speed else "–",
        "left": "–" if state.finished or left is None else _duration(left),
        **{name: f"{count:,}" for name, count in state.batches.items()},
    }


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
