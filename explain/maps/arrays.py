"""Where maps' arrays are kept: a small one in its row, a larger one in a file of its own that the row names.

A map of 7 × 7 cells has 196 bytes: a file of its own would take a block of 4 KB and a name. A map of one value a pixel
has megabytes: in a row, every backup, every copy of a table and every list that forgets to leave it out would carry it.
"""

from collections.abc import Callable

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F, QuerySet

from explain.core.array_files import pack, sha256_of_array
from explain.models import ExplanationMap

MOST_IN_ROW = 4096
"""Bytes of a float32 array that a row may hold: 32 × 32 cells."""


def keep_array(row: ExplanationMap, cells: np.ndarray) -> None:
    """Put a map's array, (h, w), where it belongs: into the row, which is not saved, or into a file that the row names.

    Whoever does not save the row deletes the file, if there is one.
    """
    row.height, row.width = cells.shape
    values = np.ascontiguousarray(cells, "<f4")
    row.values, row.array_file, row.array_sha256 = b"", "", ""  # type: ignore[assignment]
    if values.nbytes <= MOST_IN_ROW:
        row.values = values.tobytes()
        return
    row.array_sha256 = sha256_of_array(values)
    row.array_file.save("map.array", ContentFile(pack(values)), save=False)


def large_in_rows() -> QuerySet[ExplanationMap]:
    """Maps whose array is too large for a row and still lies in one: older versions put every array there."""
    return ExplanationMap.objects.filter(array_file="", height__gt=MOST_IN_ROW // 4 / F("width"))


def move_arrays(report: Callable[[int, int], object] = lambda *_: None) -> int:
    """Move large arrays out of their rows into files, one after the other; returns how many. Stopped, it goes on later.

    Two at once do no harm: a row takes the file of one of them. Of a process that is killed one file may be left, which
    no row names; check_files finds it.
    """
    keys = list(large_in_rows().order_by("pk").values_list("pk", flat=True))
    moved = 0
    for done, pk in enumerate(keys, start=1):
        row = ExplanationMap.objects.only("values", "height", "width", "array_file").filter(pk=pk).first()
        if row is not None and not row.array_file:
            moved += _move(row)
        report(done, len(keys))
    return moved


def _move(row: ExplanationMap) -> int:
    keep_array(row, row.array())
    name = str(row.array_file.name)
    try:
        taken = ExplanationMap.objects.filter(pk=row.pk, array_file="").update(
            values=b"", array_file=name, array_sha256=row.array_sha256
        )
    except BaseException:
        default_storage.delete(name)
        raise
    if not taken:
        default_storage.delete(name)
    return taken
