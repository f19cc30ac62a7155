"""What of the pictures themselves tells an arm that somebody drew elsewhere: a border, writing, a tint, sharpness.

Pictures that are drawn here differ by their maps alone. Of finished ones nobody knows, so they are held against the others of the
same photos.
"""

from collections import defaultdict

import numpy as np
from PIL import Image as PillowImage

from explain.cam.rendering.traits import Traits, differences, traits_of
from explain.map_sources import source_of
from studies.models import ItemMap, Study

MOST = 60
"""Photos that are looked at."""


def drawn_elsewhere(study: Study) -> list[str]:
    """The arms of a study that show finished pictures, by name."""
    return [arm.name for arm in study.arms.order_by("index") if not source_of(arm).is_drawn]


def telling_pictures(study: Study) -> list[str]:
    """What tells such an arm, a sentence each; empty where nothing does, or no arm is drawn elsewhere."""
    odd = drawn_elsewhere(study)
    return differences(_traits_by_arm(study), odd) if odd else []


def photos_looked_at(study: Study) -> int:
    return min(MOST, study.items.count())


def _traits_by_arm(study: Study) -> dict[str, list[Traits]]:
    items = list(study.items.order_by("index").values_list("pk", flat=True))
    chosen = np.linspace(0, len(items) - 1, photos_looked_at(study)).round().astype(int)
    rows = ItemMap.objects.filter(item__in=[items[place] for place in chosen]).select_related("arm", "item")
    by_arm: dict[str, list[Traits]] = defaultdict(list)
    for row in rows.order_by("item__index"):
        with row.picture.open("rb") as opened, PillowImage.open(opened) as picture:
            by_arm[row.arm.name].append(traits_of(np.asarray(picture.convert("RGB"))))
    return by_arm
