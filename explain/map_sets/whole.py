"""Which sets of maps a study may take."""

from explain.models import MapSet


def whole_sets_of(image_set: str | None) -> list[MapSet]:
    """The sets of maps that are whole, of the photos of this set, by name. One whose maps are still coming in is none."""
    whole = MapSet.objects.filter(image_set__name=image_set or "", finished_at__isnull=False)
    return list(whole.select_related("network").order_by("name"))
