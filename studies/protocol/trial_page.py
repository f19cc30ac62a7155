"""Reads how every trial's page shows what it shows, whatever its type: `[trial]`, whose options are those of
studies/trial_types/trial_page.py, and `design.cells`.

A map of 7 × 7 cells looks blurred beside one of 14 × 14, and both beside one of a value a pixel: who made a map could be told by its
grain. With `cells` every map that has more of them on a side of what people see is averaged over so many, and drawn anew from these.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import override

from explain.cam.rendering.render import FEWEST_CELLS, MOST_CELLS
from studies.core import languages
from studies.trial_types import TRIAL_PAGE, read_trial_page, trial_type_in

from .faults import Code
from .parser import Reader

CELLS = "cells"
NEEDS = {
    "look_again": "show_ms",
    "confidence_question": "confidence",
    "confidence_low": "confidence",
    "confidence_high": "confidence",
}
"""Keys that mean nothing without another."""


def options_of_page(reader: Reader, wording: Mapping[str, Any], language: str) -> dict[str, Any]:
    """What `[trial]` says, as the wording of a study has it; nothing where it says nothing. Faults are noted in the reader.

    wording: what else the protocol says of its trials. How sure people are is asked once: not where the answers of the type say it.
    """
    table, kind = reader.table(TRIAL_PAGE, required=False), trial_type_in(reader.values)
    with override(language if language in languages.codes() else languages.DEFAULT):
        page = read_trial_page(table, has_truth=kind.asked.network_speaks)
    if page.confidence and not any(fault.key[:1] == (kind.name,) for fault in reader.faults):
        asking = kind.asking(wording) if kind.asking else kind
        if asking.answers.sureness:
            table.fault(Code.ASKED_TWICE, "confidence", words=tuple(asking.answers.sureness))
    for key, other in NEEDS.items():
        if table.values.get(key) and not getattr(page, other):
            table.fault(Code.ONLY_WITH, key, other=other)
    said = page.as_dict()
    return {TRIAL_PAGE: said} if said else {}


def read_cells(design: Reader, finished: Sequence[str]) -> None:
    """Take `cells`, if it is said; a fault where there are arms of finished pictures, so that there is nothing to average."""
    if design.number(CELLS, least=FEWEST_CELLS, most=MOST_CELLS, default=None) is not None and finished:
        design.fault(Code.CANNOT_SMOOTH, CELLS, arms=tuple(finished))
