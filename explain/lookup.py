"""Sets and networks by the names that people type."""

from django.db.models import Count, QuerySet

from .errors import BadInputError
from .models import ImageSet, Network


def sets_with_counts() -> QuerySet[ImageSet]:
    """All sets by name, each with `photos` and `classes`: how many it has."""
    photos, classes = Count("images", distinct=True), Count("images__class_name", distinct=True)
    return ImageSet.objects.annotate(photos=photos, classes=classes).order_by("name")


def find_set(name: str) -> ImageSet:
    """The set of that name, or a BadInputError that says which there are."""
    found = ImageSet.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(ImageSet.objects.values_list("name", flat=True)) or "none yet"
        raise BadInputError(
            f"there is no set “{name}” (there is: {known}); bring photos in with manage.py import_images"
        )
    return found


def find_networks(names: str) -> list[Network]:
    """The networks of a list separated by commas, in its order."""
    return [_find_network(name.strip()) for name in names.split(",") if name.strip()]


def _find_network(name: str) -> Network:
    found = Network.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Network.objects.values_list("name", flat=True)) or "none yet"
        raise BadInputError(
            f"there is no network “{name}” (there is: {known}); add it with manage.py add_network"
        )
    return found
