"""How much of each map lies on the object, for simulated people who prefer the map that does; read from a study's items."""

import numpy as np

from explain.cam.metrics.localisation import boxes_in_crop, energy
from explain.cam.rendering import render
from explain.map_sources import source_of
from studies.models import ItemMap, Study

SIDE = 112  # pixels of the frame in which a map is read; people see it larger


def in_boxes(study: Study) -> dict[int, np.ndarray]:
    """Item's index -> for each arm, in their order, the share of its map in the photo's boxes, as people see it: 0..1.

    0 for all arms of a photo without a box in the frame: nothing speaks for any of them. 0 for arms of pictures only.
    """
    rows = ItemMap.objects.filter(item__study=study).select_related(
        "item__image", "map__network", "map__map_set__network", "arm"
    )
    shares_of: dict[int, np.ndarray] = {}
    arms = study.arms.count()
    for row in rows.order_by("item__index", "arm__index").iterator(chunk_size=200):
        image, source = row.item.image, source_of(row.map)
        frame = render.frame_box(image.width, image.height)
        boxes = boxes_in_crop(image.boxes, frame, (SIDE, SIDE))
        values = shares_of.setdefault(row.item.index, np.zeros(arms))
        if boxes and source.has_arrays:
            placed = render.place(row.map.array(), source.extent(row.map, image), frame, SIDE, study.cells)
            values[row.arm.index] = energy(placed, boxes)
    return shares_of
