"""What is to be said of any study's answers, in whole sentences."""

from collections.abc import Sequence

from studies.analysis.intervals import effective_people, largest_part
from studies.analysis.table import Answers

from .results import Estimand


def uneven(answers: Answers) -> list[str]:
    """A sentence where a few people gave most of the answers."""
    people, effective = answers.units.people, effective_people(answers)
    if people < 3 or effective >= people / 2:
        return []
    return [
        f"The most active participant gave {100 * largest_part(answers):.0f} % of the answers: {people} participants tell as much "
        f"as {effective:.1f} who answer equally often."
    ]


def parted(estimands: Sequence[Estimand]) -> list[str]:
    """A sentence where it matters whether photos, participants or answers count once."""
    first, *others = estimands
    for other in others:
        for (name, found), (_, else_found) in zip(first.lines, other.lines, strict=True):
            ends = found.interval
            if ends and not ends[0] <= else_found.estimate <= ends[1]:
                return [
                    f"It matters what counts once. {name}: {found.estimate:.2f} where {first.in_words} "
                    f"({ends[0]:.2f} to {ends[1]:.2f}), {else_found.estimate:.2f} where {other.in_words}: who answers more answers "
                    "otherwise, or left for a reason that has to do with the answers."
                ]
    return []
