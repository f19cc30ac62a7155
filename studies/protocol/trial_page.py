"""Reads how every trial's page shows what it shows, whatever its type: `[trial]`, whose options are those of
studies/trial_types/trial_page.py, and `design.cells`; and the table of a type's own options.

A map of 7 × 7 cells looks blurred beside one of 14 × 14, and both beside one of a value a pixel: who made a map could be told by its
grain. With `cells` every map that has more of them on a side of what people see is averaged over so many, and drawn anew from these.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import override

from explain.cam.rendering.render import FEWEST_CELLS, MOST_CELLS
from studies.core import languages
from studies.trial_types import OPTIONS, TRIAL_PAGE, Asked, read_trial_page, trial_type_in

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


def options_of_type(reader: Reader, task: str, asked: Asked, arms: Sequence[str]) -> dict[str, Any]:
    """What the table of the trial type's name says, with the defaults; nothing of a type that has no such table. `arms`: their names."""
    if not asked.options(None) or (asked.options_when_said and task not in reader.values):
        return {}
    table = reader.table(task, required=False)
    options = asked.options(table)
    for key in asked.names_arms:
        for name in options.get(key, ()):
            if name not in arms:
                table.fault(Code.NO_SUCH_NAME, key, value=name, known=tuple(arms))
    return {OPTIONS: options}


def check_endless(reader: Reader, wording: Mapping[str, Any], names: Sequence[str]) -> None:
    """Note what a study without an end cannot have, as what is decided at an end; and what only such a study has."""
    if reader.faults:
        return
    kind = trial_type_in(reader.values)
    kind = kind.asking(wording) if kind.asking else kind
    said = reader.values.get(kind.name, {}) if kind.asked.names_arms else {}
    if not kind.layout.endless:
        for key in ("public", *kind.asked.names_arms):
            if said.get(key):
                reader.fault(Code.ONLY_WITH, kind.name, key, other='kind = "arena"')
        return
    for table, key in (("looks", "after"), ("analysis", "contrasts"), ("analysis", "smallest_effect")):
        if reader.values.get(table, {}).get(key):
            reader.fault(
                Code.NOT_WITH,
                table,
                key,
                other=f'{kind.name}.kind = "arena", which has no end to decide at',
            )
    if not kind.asked.can_compare(len(set(names) - kind.layout.has_left)):
        least, most = kind.asked.fewest_arms, kind.asked.most_arms
        left = len(set(names) - kind.layout.has_left)
        reader.fault(Code.ARMS_BETWEEN, "arms", count=left, task=kind.name, least=least, most=most)


def read_cells(design: Reader, finished: Sequence[str]) -> None:
    """Take `cells`, if it is said; a fault where there are arms of finished pictures, so that there is nothing to average."""
    if design.number(CELLS, least=FEWEST_CELLS, most=MOST_CELLS, default=None) is not None and finished:
        design.fault(Code.CANNOT_SMOOTH, CELLS, arms=tuple(finished))
