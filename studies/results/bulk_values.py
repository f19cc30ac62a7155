"""The stored values of many answers, whichever column of `Response` their trial type keeps them in."""

import json
from typing import Any

import numpy as np
from django.db.models import F, TextField
from django.db.models.functions import Cast

from studies.trial_types import Answers


def bulk_value(kind: Answers) -> Any:
    """What to annotate a query set of answers with; answers of several parts are read as text, which repeats itself."""
    return Cast(kind.column, TextField()) if kind.several else F(kind.column)


def kind_of_value(kind: Answers) -> str:
    """How core/bulk_read.py reads that."""
    return "code" if kind.several else "small"


def values_in(column: Any, kind: Answers) -> np.ndarray:
    """(n,) int: the stored values of a column that was read in bulk. Each text is understood once."""
    if not kind.several:
        return column
    used, places = np.unique(column.places, return_inverse=True)
    values = [kind.read(json.loads(column.texts[place])) for place in used.tolist()]
    return np.array(values, np.int64)[places]
