"""What is wrong with many maps, a sentence for each reason: 50,000 maps of the wrong shape are one fault. No Django."""

from explain.core.errors import BadInputError

SHOWN = 5
"""As many maps are named in a sentence."""


class Faults:
    """Reasons in the order in which they came up, each with the maps that it is said of."""

    def __init__(self) -> None:
        self._named: dict[str, list[str]] = {}
        self._count: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._count)

    def add(self, label: str, reason: str) -> None:
        named = self._named.setdefault(reason, [])
        self._count[reason] = self._count.get(reason, 0) + 1
        if len(named) < SHOWN:
            named.append(label)

    def lines(self) -> list[str]:
        return [f"{self._who(reason)}: {reason}" for reason in self._count]

    def _who(self, reason: str) -> str:
        named, more = self._named[reason], self._count[reason] - SHOWN
        return f"{', '.join(named)} and {more:,} more" if more > 0 else ", ".join(named)

    def check(self) -> None:
        if self:
            raise BadInputError(*self.lines())
