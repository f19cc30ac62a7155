"""Whether the maps of some arms are finer than those of others: people could tell who made a map by its grain."""

from collections import defaultdict

import numpy as np

from explain.cam.rendering import render
from explain.map_sources import source_of
from studies.models import ItemMap, Study

FINER = 1.4
"""Times as many cells a side: 7 and 8 look alike, 7 and 14 do not."""
LOOKED_AT = 5
"""Items: an arm's maps have one size, but where its network reads photos of any shape."""


def cells_by_arm(study: Study) -> dict[str, int]:
    """How many cells of each arm's maps stand on a side of what people see, in the arms' order; finished pictures have none."""
    items = study.items.order_by("index").values_list("pk", flat=True)[:LOOKED_AT]
    rows = ItemMap.objects.filter(item__in=list(items)).select_related(
        "arm", "item__image", "map__network", "map__map_set__network"
    )
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows.order_by("arm__index").defer("map__values", "map__manifest"):
        source, image = source_of(row.map), row.item.image
        if not (source.has_arrays and source.is_drawn):
            continue
        frame, shape = render.frame_box(image.width, image.height), (row.map.height, row.map.width)
        found[row.arm.name].append(render.cells_across(shape, source.extent(row.map, image), frame))
    return {name: max(1, round(float(np.median(cells)))) for name, cells in found.items()}


def grain_remarks(study: Study) -> list[str]:
    """What is said of a study whose arms differ in it and that does not smooth them; none if there is nothing to say."""
    cells = cells_by_arm(study)
    if study.cells or not cells or max(cells.values()) < FINER * min(cells.values()):
        return []
    fewest = min(cells.values())
    finished = [arm.name for arm in study.arms.order_by("index") if not source_of(arm).is_drawn]
    remedy = (
        f"They cannot be averaged beside the finished pictures of {', '.join(finished)}: bring maps instead, or leave that arm out"
        if finished
        else f"Smooth all of them to {fewest} cells a side (step Wording; cells = {fewest} in [design])"
    )
    told = ", ".join(f"{name} {count} × {count}" for name, count in cells.items())
    return [
        f"Some arms have finer maps than others, and people can tell them by it: of what people see there are {told} cells. "
        f"{remedy}, unless how fine they are is what you ask about."
    ]
