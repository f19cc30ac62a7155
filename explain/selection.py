"""Which photos a study may use: what networks get right, and F1 by class. From Prediction rows; no torch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from .models import Image, ImageSet, Network, Prediction
from .needs import label_target


@dataclass(frozen=True)
class ClassF1:
    """One class of the set. precision is TP / (TP + FP), recall TP / photos, f1 their harmonic mean; 0 where 0/0."""

    class_name: str
    class_index: int
    photos: int
    true_positives: int
    false_positives: int

    @property
    def precision(self) -> float:
        called = self.true_positives + self.false_positives
        return self.true_positives / called if called else 0.0

    @property
    def recall(self) -> float:
        return self.true_positives / self.photos

    @property
    def f1(self) -> float:
        return 2 * self.true_positives / (self.photos + self.true_positives + self.false_positives)


@dataclass(frozen=True)
class F1Table:
    """F1 by class, best first, over the photos of a set whose class the network knows and that it has seen.

    macro_f1 is the plain mean of the classes' F1 (not the F1 of mean precision and mean recall, which differs);
    the classes are those that the set has photos of. A false positive of a class is a photo of another class of
    the set that the network takes for it; a photo taken for a class outside the set only lowers recall.
    `left_out`: photos whose class the network does not know. `unseen`: photos without a prediction.
    """

    classes: list[ClassF1]
    left_out: int
    unseen: int

    @property
    def photos(self) -> int:
        return sum(one.photos for one in self.classes)

    @property
    def accuracy(self) -> float | None:
        """Share of photos that the network gets right; None without photos."""
        return sum(one.true_positives for one in self.classes) / self.photos if self.photos else None

    @property
    def macro_f1(self) -> float | None:
        return self._mean([one.f1 for one in self.classes])

    @property
    def macro_precision(self) -> float | None:
        return self._mean([one.precision for one in self.classes])

    @property
    def macro_recall(self) -> float | None:
        return self._mean([one.recall for one in self.classes])

    @staticmethod
    def _mean(values: list[float]) -> float | None:
        return sum(values) / len(values) if values else None


def f1_by_class(*, image_set: ImageSet, network: Network) -> F1Table:
    """F1 of `network` on each class of `image_set`, from the predictions that are there."""
    labels = _labels(image_set, network)
    top = _top_classes(image_set, network)
    names = {index: image.class_name for image, index in reversed(labels) if index is not None}
    seen = [(index, top[image.pk]) for image, index in labels if index is not None and image.pk in top]
    photos = Counter(label for label, _ in seen)
    right = Counter(label for label, guess in seen if guess == label)
    called = Counter(guess for _, guess in seen)
    classes = [
        ClassF1(
            class_name=names[index],
            class_index=index,
            photos=count,
            true_positives=right[index],
            false_positives=called[index] - right[index],
        )
        for index, count in photos.items()
    ]
    known = sum(index is not None for _, index in labels)
    return F1Table(
        classes=sorted(classes, key=lambda one: (-one.f1, one.class_name)),
        left_out=len(labels) - known,
        unseen=known - len(seen),
    )


def correct_images(*, image_set: ImageSet, networks: Sequence[Network]) -> QuerySet[Image]:
    """The photos that every one of `networks` gets right: its top class is the photo's label.

    A photo without a prediction of one of them is not among these.
    """
    images = Image.objects.filter(image_set=image_set)
    right = set(images.values_list("pk", flat=True))
    for network in networks:
        top = _top_classes(image_set, network)
        right &= {image.pk for image, label in _labels(image_set, network) if top.get(image.pk, -1) == label}
    return images.filter(pk__in=right)


def unseen_images(*, image_set: ImageSet, network: Network) -> QuerySet[Image]:
    """The photos of the set that `network` has not looked at."""
    seen = Prediction.objects.filter(network=network, image__image_set=image_set)
    return Image.objects.filter(image_set=image_set).exclude(pk__in=seen.values("image_id"))


def _labels(image_set: ImageSet, network: Network) -> list[tuple[Image, int | None]]:
    images = Image.objects.filter(image_set=image_set).only("class_name", "class_index").order_by("pk")
    return [(image, label_target(image, network)) for image in images]


def _top_classes(image_set: ImageSet, network: Network) -> dict[int, int]:
    rows = Prediction.objects.filter(image__image_set=image_set, network=network)
    return dict(rows.values_list("image_id", "top_class"))
