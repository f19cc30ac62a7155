"""Which photos a study may use: what networks get right, and F1 by class. From Prediction rows; no torch."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Verdicts:
    """What one network says of the photos of a set.

    labels       photo's key -> the photo's class among the network's classes; None where it knows no such class
    class_names  photo's key -> the photo's class in words
    top          photo's key -> the network's top class; a photo that it has not looked at is not here
    """

    network: str
    names: list[str]
    class_names: dict[int, str]
    labels: dict[int, int | None]
    top: dict[int, int]

    @property
    def unseen(self) -> int:
        return len(self.labels) - len(self.top)

    def is_right(self, photo: int) -> bool:
        label = self.labels[photo]
        return label is not None and self.top.get(photo) == label

    def says(self, photo: int) -> str:
        """The network's top class in words."""
        top = self.top.get(photo)
        if top is None:
            return "nothing yet"
        return self.names[top] if top < len(self.names) else str(top)

    def f1_table(self) -> F1Table:
        known = {photo: label for photo, label in self.labels.items() if label is not None}
        names = {label: self.class_names[photo] for photo, label in reversed(known.items())}
        seen = [(label, self.top[photo]) for photo, label in known.items() if photo in self.top]
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
        return F1Table(
            classes=sorted(classes, key=lambda one: (-one.f1, one.class_name)),
            left_out=len(self.labels) - len(known),
            unseen=len(known) - len(seen),
        )


def verdicts(*, images: Iterable[Image], network: Network) -> Verdicts:
    """What `network` says of `images`, which are of one set; in one query."""
    images = list(images)
    known: dict[tuple[str, int | None], int | None] = {}
    for image in images:
        key = image.class_name, image.class_index
        if key not in known:
            known[key] = label_target(image, network)
    rows = Prediction.objects.filter(network=network)
    if images:
        rows = rows.filter(image__image_set=images[0].image_set_id)
    keys = {image.pk for image in images}
    return Verdicts(
        network=network.name,
        names=network.class_names,
        class_names={image.pk: image.class_name for image in images},
        labels={image.pk: known[image.class_name, image.class_index] for image in images},
        top={photo: top for photo, top in rows.values_list("image_id", "top_class") if photo in keys},
    )


def f1_by_class(*, image_set: ImageSet, network: Network) -> F1Table:
    """F1 of `network` on each class of `image_set`, from the predictions that are there."""
    return verdicts(images=image_set.images.order_by("pk"), network=network).f1_table()
