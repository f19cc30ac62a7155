"""What is asked of classes and photos, and what is known of a class: the data that every step of a choice works on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What is asked of classes and photos; see rules.py. Empty and None ask nothing."""

    classes: tuple[str, ...] = ()
    min_f1: float | None = None
    top_share: float | None = None
    top_classes: int | None = None
    only_correct: bool = False
    wrong_share: float | None = None  # without `only_correct` and `per_class`
    per_class: int | None = None
    limit: int | None = None
    seed: int = 0

    @property
    def ranks(self) -> bool:
        """Whether classes are chosen by F1."""
        return any(value is not None for value in (self.min_f1, self.top_share, self.top_classes))

    @property
    def asks_networks(self) -> str:
        """The first key for which every network must have looked at every photo; empty if there is none."""
        keys = ("min_f1", "top_share", "top_classes")
        asked = [key for key in keys if getattr(self, key) is not None]
        return (
            asked
            + ["only_correct"] * self.only_correct
            + ["wrong_share"] * (self.wrong_share is not None)
            + [""]
        )[0]


@dataclass(frozen=True)
class ClassChoice:
    """One class of the set.

    f1       by network, in their order; None where the network knows no such class or has seen no photo of it
    correct  photos that every network gets right
    chosen   photos that the study uses
    reason   why the class is left out; empty if it is not
    """

    name: str
    photos: int
    f1: tuple[float | None, ...]
    correct: int
    chosen: int
    reason: str

    @property
    def least_f1(self) -> float | None:
        """F1 of the network that is worst at this class."""
        known = [value for value in self.f1 if value is not None]
        return min(known) if known and len(known) == len(self.f1) else None
