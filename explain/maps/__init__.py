"""Maps out: runs are planned as batches, workers compute them, and pictures are made of maps."""

from .arrays import MOST_IN_ROW, keep_array, large_in_rows, move_arrays
from .batches import run_batch, run_next, run_pending
from .classes import Classes, classes_of, several_in, target_of
from .classes import in_words as target_in_words
from .missing import MapKey, map_key, maps_there, parameters_hash, rows_of
from .panels import columns_of, side_by_side
from .pictures import crop_of, draw_pictures
from .runs import (
    RunProgress,
    pending_batches,
    plan_run,
    requeue_stale,
    retry_failed,
    run_progress,
    runs_with_counts,
)
from .stopping import remove_run, run_stopped, stop_run
from .turns import Turn

__all__ = [
    "MOST_IN_ROW",
    "Classes",
    "MapKey",
    "RunProgress",
    "Turn",
    "classes_of",
    "columns_of",
    "crop_of",
    "draw_pictures",
    "keep_array",
    "large_in_rows",
    "map_key",
    "maps_there",
    "move_arrays",
    "parameters_hash",
    "pending_batches",
    "plan_run",
    "remove_run",
    "requeue_stale",
    "retry_failed",
    "rows_of",
    "run_batch",
    "run_next",
    "run_pending",
    "run_progress",
    "run_stopped",
    "runs_with_counts",
    "several_in",
    "side_by_side",
    "stop_run",
    "target_in_words",
    "target_of",
]
