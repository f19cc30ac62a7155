"""What stored predictions say: right and wrong answers, F1 by class."""

from collections.abc import Iterable, Sequence

from django.db.models import Count, FilteredRelation, Q

from explain.models import Image, ImageSet, Network, Prediction
from explain.photos import class_in, label_targets

from .f1 import F1Table, Tally, Verdicts


def tallies(*, image_set: ImageSet, networks: Sequence[Network]) -> list[Tally]:
    """The photos of a set, counted by class and by what each network says of them; in one query."""
    relations = {
        f"said_{place}": FilteredRelation("predictions", condition=Q(predictions__network=network))
        for place, network in enumerate(networks)
    }
    rows = image_set.images.order_by().annotate(**relations)
    columns = ("class_name", "class_index", *(f"{name}__top_class" for name in relations))
    groups = rows.values_list(*columns).annotate(Count("pk")).order_by(*columns)
    labels: dict[tuple[str, int | None], tuple[int | None, ...]] = {}
    counted = []
    for name, index, *says, photos in groups:
        if (name, index) not in labels:
            known = [class_in(network.class_names, name=name, index=index) for network in networks]
            labels[name, index] = tuple(known)
        counted.append(Tally(name, labels[name, index], tuple(says), photos))
    return counted


def verdicts(*, images: Iterable[Image], network: Network) -> Verdicts:
    """What `network` says of `images`, which are of one set; in one query."""
    images = list(images)
    rows = Prediction.objects.filter(network=network)
    if images:
        rows = rows.filter(image__image_set=images[0].image_set_id)
    keys = {image.pk for image in images}
    return Verdicts(
        network=network.name,
        names=network.class_names,
        class_names={image.pk: image.class_name for image in images},
        labels=label_targets(images, network),
        top={photo: top for photo, top in rows.values_list("image_id", "top_class") if photo in keys},
    )


def f1_by_class(*, image_set: ImageSet, network: Network) -> F1Table:
    """F1 of `network` on each class of `image_set`, from the predictions that are there."""
    return verdicts(images=image_set.images.order_by("pk"), network=network).f1_table()
