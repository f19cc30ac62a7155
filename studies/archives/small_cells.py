"""k-anonymity of what people told of themselves: which combinations of answers few people share. Plain data in, plain data out."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

K = 5


@dataclass(frozen=True)
class SmallCell:
    """A combination of answers that fewer than k people gave."""

    values: tuple[tuple[str, Hashable], ...]  # (question, answer); None: not answered
    people: int

    @property
    def in_words(self) -> str:
        said = ", ".join(f"{name} = {'(none)' if value is None else value}" for name, value in self.values)
        return f"{said}: {self.people} {'person' if self.people == 1 else 'people'}"


def small_cells(
    names: Sequence[str], people: Iterable[Sequence[Hashable]], k: int = K
) -> tuple[SmallCell, ...]:
    """The combinations with fewer than k people, the rarest first.

    Args:
        names: of the questions.
        people: for each person their answers, one for each name.

    >>> [cell.in_words for cell in small_cells(["age"], [(30,), (30,), (71,)], k=2)]
    ['age = 71: 1 person']
    """
    if not names:
        return ()
    counted = Counter(tuple(row) for row in people)
    small = [
        SmallCell(tuple(zip(names, row, strict=True)), count) for row, count in counted.items() if count < k
    ]
    return tuple(sorted(small, key=lambda cell: (cell.people, [str(value) for _, value in cell.values])))
