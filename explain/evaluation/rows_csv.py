"""The rows behind a table as CSV: one line for each photo and method, with the map that it is about."""

import csv
from collections.abc import Iterator
from pathlib import Path

from explain.core.errors import BadInputError
from explain.models import ExplanationMap, ImageSet

from .evaluate import EvaluationProgress
from .tables import FIGURES

COLUMNS = (
    "photo", "class_name", "network", "weights_sha256", "layer", "method", "target", "protocol", *FIGURES, "map", "evaluation",
    "parameters_hash",
)  # fmt: skip


def write_rows(*, path: Path, image_set: ImageSet, asked: list[EvaluationProgress]) -> None:
    """Write the rows that the tables of `asked` are made of. BadInputError where the file cannot be written."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for evaluation in asked:
                writer.writerows(_lines(image_set, evaluation))
    except OSError as error:
        raise BadInputError(
            f"--rows {path}: {error.strerror}; choose a file that you may write to"
        ) from error


def _lines(image_set: ImageSet, asked: EvaluationProgress) -> Iterator[list]:
    network = asked.network
    maps = ExplanationMap.objects.filter(
        network=network, layer=network.layer, method__in=asked.methods, image__image_set=image_set
    ).order_by()
    numbers = {
        row[:4]: row[4]
        for row in maps.values_list("image_id", "method", "target", "parameters_hash", "pk").iterator()
    }
    stored = {
        (row.image_id, row.method, row.target, row.parameters_hash): row
        for row in asked.rows(image__image_set=image_set).iterator(chunk_size=1000)
    }
    for wanted in asked.wanted(list(image_set.images.order_by("pk"))):
        row = stored.get(wanted.row_key)
        if row is not None:
            figures = ["" if (value := getattr(row, name)) is None else value for name in FIGURES]
            yield [
                wanted.image.original_name, wanted.image.class_name, network.name, network.weights_sha256, row.layer,
                row.method, row.target, row.protocol, *figures, numbers.get(wanted.map_key, ""), row.pk,
                row.parameters_hash,
            ]  # fmt: skip
