"""Sets of maps and of pictures that are here: which of the two they are, and which a study may take."""

from explain.models import MapSet


def whole_sets_of(image_set: str | None) -> list[MapSet]:
    """The sets of maps and of pictures that are whole, of the photos of this set, by name. One whose files are still coming in is none."""
    whole = MapSet.objects.filter(image_set__name=image_set or "", finished_at__isnull=False)
    return list(whole.select_related("network").order_by("name"))


def holds_pictures(map_set: MapSet) -> bool:
    """Whether a set holds finished pictures, and no arrays."""
    return bool(map_set.fit)
