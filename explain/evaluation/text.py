"""An evaluation as text: metrics as rows, methods as columns, as in the paper."""

from collections.abc import Iterator

from explain.core.commands import table
from explain.models import Precompute

from .protocols import EvaluationProtocol
from .tables import EvaluationTable
from .wins import wins_in_words

ROWS: tuple[tuple[str, str, str, int], ...] = (
    ("Average % drop in confidence (lower is better)", "confidence", "average_drop", 2),
    ("Average % drop in activation (lower is better)", "activation", "average_drop", 2),
    ("% increase in confidence (higher is better)", "confidence", "increase", 2),
    ("% increase in activation (higher is better)", "activation", "increase", 2),
    ("% win in confidence, of these methods", "confidence", "win", 2),
    ("% win in activation, of these methods", "activation", "win", 2),
    ("Average % gain in confidence (higher is better)", "confidence", "average_gain", 2),
    ("Area under insertion (higher is better)", "curves", "insertion", 3),
    ("Area under deletion (lower is better)", "curves", "deletion", 3),
    ("IoU of the map's box at 10 %", "localisation", "iou_10", 3),
    ("IoU of the map's box at 30 %", "localisation", "iou_30", 3),
    ("IoU of the map's box at 50 %", "localisation", "iou_50", 3),
    ("Pointing game: % of maxima in a box", "localisation", "pointing", 2),
    ("Energy: % of the map in the boxes", "localisation", "energy", 2),
)


def as_text(evaluated: EvaluationTable, set_name: str, protocol: EvaluationProtocol, target: str) -> str:
    """The table of one network, under a head that says what its figures depend on."""
    target_in_words = Precompute.Target(target).label
    return "\n".join(
        [
            f"{evaluated.network} (layer {evaluated.layer}) on {set_name}, N = {evaluated.photos}; explained: {target_in_words}",
            f"Protocol {protocol.name}. Mask: {protocol.mask_in_words}. Fill: {protocol.fill_in_words}.",
            "",
            table(("metric", *evaluated.methods), _rows(evaluated)),
            *_notes(evaluated),
        ]
    )


def _rows(evaluated: EvaluationTable) -> Iterator[list[str]]:
    for title, part, figure, digits in ROWS:
        by_method = getattr(evaluated, part)
        values = {method: getattr(figures, figure) for method, figures in by_method.items()}
        of_the_three = evaluated.wins_of_the_three.get(part, {})
        if figure == "win" and of_the_three.keys() == values.keys():
            title, values = f"% win in {part}, of the paper's three", of_the_three
        if values and None not in values.values():
            yield [
                title,
                *(f"{values[method]:.{digits}f}".rjust(max(6, len(method))) for method in evaluated.methods),
            ]


def _notes(evaluated: EvaluationTable) -> Iterator[str]:
    for score, by_method in (("confidence", evaluated.confidence), ("activation", evaluated.activation)):
        excluded = next(iter(by_method.values())).excluded if by_method else 0
        if excluded:
            yield f"{excluded} of {evaluated.photos} photos have no {score} above 0, and are left out of its rows."
    if evaluated.localisation:
        boxed = next(iter(evaluated.localisation.values())).photos
        yield f"IoU, pointing game and energy: over the {boxed} photos with a box that the network sees."
    if evaluated.wins_of_the_three:
        yield from wins_in_words(evaluated.methods)
    if evaluated.missing:
        yield f"{evaluated.missing} photos lack a row, and are left out."
    yield from evaluated.notes
