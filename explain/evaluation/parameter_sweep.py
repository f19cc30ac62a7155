"""Ablation-CAM++ at several parameters against Ablation-CAM: time and agreement. Imports torch when it runs."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from explain.core.machine import load_now, machine, timed
from explain.models import Image, Network
from explain.networks import load_network
from explain.photos import label_target, pixels_of

from .method_comparison import correlation

EXACT, GROUPED = "ablation-cam", "ablation-cam++"
TIMED = 4
SETTINGS: tuple[dict[str, float], ...] = tuple(
    {"groups": groups, "depth": depth, "threshold": threshold}
    for groups, depth, threshold in ((2, 0, 0.01), (8, 0, 0.01), (8, 3, 0.01), (8, 6, 0.01), (8, 6, 0.001), (32, 6, 0.001))
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """One setting over some photos: milliseconds of a photo (with the pass of the trunk), and agreement.

    milliseconds  median over the first TIMED photos, the time of each the median of three
    agreement     median over photos of Pearson's r with Ablation-CAM's map; None for Ablation-CAM itself
    on            the machine, its threads and its load
    """

    method: str
    parameters: dict[str, float]
    milliseconds: float
    agreement: float | None
    photos: int
    on: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def sweep(
    *,
    network: Network,
    images: Sequence[Image],
    report: Callable[[int, int], object] = lambda done, total: None,
) -> list[Setting]:
    """Ablation-CAM first, then each of SETTINGS, on the photos whose class the network knows."""
    net = load_network(network)
    seen = [
        (net.preprocess(pixels_of(image))[None], target)
        for image in images
        if (target := label_target(image, network)) is not None
    ]
    total, load = 1 + len(SETTINGS), load_now()
    settings: list[Setting] = []
    exact: list = []
    for number, parameters in enumerate(({}, *SETTINGS)):
        method = GROUPED if parameters else EXACT
        maps, times = _maps(net, seen, method, parameters)
        exact = exact or maps
        agreed = [
            r
            for exact_map, cells in zip(exact, maps, strict=True)
            if (r := correlation(exact_map, cells)) == r
        ]
        settings.append(
            Setting(
                method,
                parameters,
                round(statistics.median(times), 2) if times else 0.0,
                statistics.median(agreed) if parameters and agreed else None,
                len(seen),
                machine(load),
            )
        )
        report(number + 1, total)
    return settings


def _maps(
    net: Any, seen: Sequence[tuple[Any, int]], method: str, parameters: dict
) -> tuple[list, list[float]]:
    from explain.cam import explain

    settings = {method: parameters} if parameters else None
    maps, times = [], []
    for place, (batch, target) in enumerate(seen):

        def run(batch: Any = batch, target: int = target) -> Any:
            return explain(net, batch, [method], targets=[target], parameters=settings)

        if place < TIMED:
            out, milliseconds = timed(run)
            times.append(milliseconds)
        else:
            out = run()
        maps.append(out.maps[method][0].numpy())
    return maps, times
