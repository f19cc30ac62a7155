"""Sets of photos by name."""

from django.db.models import Count, F, Q, QuerySet

from explain.core.errors import BadInputError
from explain.models import Image, ImageSet

from .fit import LONGEST, SMALLEST, Misfits


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


def misfits_among(photos: QuerySet[Image]) -> list[str]:
    """A sentence for each way in which people would not see some of `photos` as they are meant: how many, which, what to do."""
    suspects = photos.filter(
        Q(width__lt=SMALLEST)
        | Q(height__lt=SMALLEST)
        | Q(width__gt=LONGEST * F("height"))
        | Q(height__gt=LONGEST * F("width"))
        | ~Q(boxes=[])
    ).order_by("original_name")
    rows = suspects.values_list("original_name", "width", "height", "boxes")
    return Misfits.among(rows.iterator(chunk_size=2000)).in_words()
