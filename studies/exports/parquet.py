"""A table as a Parquet file, by pyarrow: on hosts that have all of requirements.txt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from .columns import BOOL, CATEGORY, INT, NUMBER, TEXT, TIME
from .tables import Table

TYPES = {
    INT: pa.int64(),
    NUMBER: pa.float64(),
    TEXT: pa.string(),
    CATEGORY: pa.string(),
    BOOL: pa.bool_(),
    TIME: pa.timestamp("us", tz="UTC"),
}


def parquet(table: Table, path: Path) -> None:
    """Write every row, with each column's meaning in the file."""
    schema = pa.schema(
        [
            pa.field(field.name, TYPES[field.type], metadata={"description": field.meaning})
            for field in table.fields
        ]
    )
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for columns in table.columns():
            arrays = [_array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _array(values: Sequence[Any], type: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(type):
        return pa.array(values, pa.string()).cast(type)
    return pa.array(values, type)
