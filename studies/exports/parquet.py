"""The answers as a Parquet file, by pyarrow: on hosts that have all of requirements.txt."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from .columns import BOOL, INT, TEXT, Export
from .csv_columns import Categorical, Column

TYPES = {INT: pa.int64(), TEXT: pa.string(), BOOL: pa.bool_()}


def parquet(export: Export, path: Path) -> None:
    """Write every answer, with each column's description in the file."""
    schema = pa.schema(
        [
            pa.field(column.name, TYPES[column.type], metadata={"description": column.description})
            for column in export.columns
        ]
    )
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for table in export.tables():
            arrays = [_array(column, field.type) for column, field in zip(table, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _array(column: Column, type: pa.DataType) -> pa.Array:
    if isinstance(column, Categorical):
        return pa.array(column.choices.values, type).take(pa.array(column.places))
    return pa.array(column.values(), type)
