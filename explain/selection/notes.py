"""What somebody who relies on a choice of classes should know of it, in words."""

from collections.abc import Iterator, Sequence

from .asked import ClassChoice, Rule
from .ranking import best_of, ranks


def notes_on(classes: Sequence[ClassChoice], networks: Sequence[str], rule: Rule) -> Iterator[str]:
    """What somebody who relies on this choice should know."""
    used = [choice for choice in classes if not choice.reason]
    if rule.top_share is not None:
        yield from _notes_on_share(classes, networks, rule, rule.top_share)
    if rule.top_classes is not None:
        yield from _notes_on_top(classes, used, rule.top_classes)
    if rule.per_class is not None and rule.limit is None:
        short = [f"{choice.name} ({choice.chosen})" for choice in used if choice.chosen < rule.per_class]
        if short:
            yield f"Fewer than {rule.per_class} photos are left of: {_named(short)}."


def _notes_on_share(
    classes: Sequence[ClassChoice], networks: Sequence[str], rule: Rule, share: float
) -> Iterator[str]:
    for place, network in enumerate(networks):
        rank = ranks(classes, place, rule.seed)
        best = best_of(share, len(rank))
        if rank and best <= (rule.top_classes or 1):
            least = "one class" if best == 1 else f"{best} classes"
            yield f"{share * 100:g} % of the {len(rank)} classes that {network} knows is {least}."
        f1 = {choice.name: choice.f1[place] for choice in classes}
        last = next((f1[name] for name, number in rank.items() if number == best), None)
        tied = [name for name, number in rank.items() if number > best and f1[name] == last]
        if tied:
            whose = f"the best {best} of {network}"
            yield f"As good by F1 as the last of {whose}, and left out by the seed: {_named(tied)}."


def _notes_on_top(classes: Sequence[ClassChoice], used: Sequence[ClassChoice], count: int) -> Iterator[str]:
    if len(used) < count:
        yield f"{count} classes are asked for; {len(used)} are left."
    last = used[-1].least_f1 if used else None
    tied = [
        choice.name
        for choice in classes
        if choice.reason.startswith("number") and choice.reason.endswith(f"the best {count} are asked for")
        and choice.least_f1 == last
    ]  # fmt: skip
    if used and tied:
        yield f"As good by F1 as the last class taken, and left out by the seed: {_named(tied)}."


def _named(names: Sequence[str], most: int = 10) -> str:
    others = len(names) - most
    return ", ".join(names[:most]) + (f" and {others} others" if others > 0 else "")
