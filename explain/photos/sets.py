"""Sets of photos by name."""

from django.db.models import Count, QuerySet

from explain.core.errors import BadInputError
from explain.models import ImageSet


def sets_with_counts() -> QuerySet[ImageSet]:
    """All sets by name, each with `photos` and `classes`: how many it has."""
    photos, classes = Count("images", distinct=True), Count("images__class_name", distinct=True)
    return ImageSet.objects.annotate(photos=photos, classes=classes).order_by("name")


def find_set(name: str) -> ImageSet:
    """The set of that name, or a BadInputError that says which there are."""
    image_set = ImageSet.objects.filter(name=name).first()
    if image_set is None:
        known = ", ".join(ImageSet.objects.values_list("name", flat=True)) or "none yet"
        raise BadInputError(
            f"there is no set “{name}” (there is: {known}); bring photos in with manage.py import_images"
        )
    return image_set
