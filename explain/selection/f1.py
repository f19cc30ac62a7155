"""What networks get right, and F1 by class, from their answers as plain data. No Django, no torch."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


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
        return sum(class_f1.photos for class_f1 in self.classes)

    @property
    def accuracy(self) -> float | None:
        """Share of photos that the network gets right; None without photos."""
        return (
            sum(class_f1.true_positives for class_f1 in self.classes) / self.photos if self.photos else None
        )

    @property
    def macro_f1(self) -> float | None:
        return self._mean([class_f1.f1 for class_f1 in self.classes])

    @property
    def macro_precision(self) -> float | None:
        return self._mean([class_f1.precision for class_f1 in self.classes])

    @property
    def macro_recall(self) -> float | None:
        return self._mean([class_f1.recall for class_f1 in self.classes])

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
        answers = (
            (self.class_names[photo], label, self.top.get(photo)) for photo, label in self.labels.items()
        )
        return f1_table(Counter(answers))


@dataclass(frozen=True)
class Tally:
    """How many photos of one class get the same answers from the networks, each network giving one for all of them.

    labels  the class among each network's classes; None where it knows no such class
    says    each network's top class; None where it has not looked at them
    """

    class_name: str
    labels: tuple[int | None, ...]
    says: tuple[int | None, ...]
    photos: int

    @property
    def right(self) -> bool:
        """Whether every network gets them right."""
        return None not in self.labels and self.labels == self.says


def f1_table(counts: Mapping[tuple[str, int | None, int | None], int]) -> F1Table:
    """The table of one network, from (class in words, its label, the network's top class) -> photos."""
    known = {key: count for key, count in counts.items() if key[1] is not None}
    names = {label: name for name, label, _ in reversed(known)}
    photos: Counter[int | None] = Counter()
    right: Counter[int | None] = Counter()
    called: Counter[int | None] = Counter()
    for (_, label, guess), count in known.items():
        if guess is not None:
            photos[label] += count
            called[guess] += count
            right[label] += count * (guess == label)
    classes = [
        ClassF1(
            class_name=names[index],
            class_index=index,
            photos=count,
            true_positives=right[index],
            false_positives=called[index] - right[index],
        )
        for index, count in photos.items()
        if index is not None
    ]
    return F1Table(
        classes=sorted(classes, key=lambda class_f1: (-class_f1.f1, class_f1.class_name)),
        left_out=sum(counts.values()) - sum(known.values()),
        unseen=sum(known.values()) - photos.total(),
    )
