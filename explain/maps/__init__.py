"""Maps out: runs are planned as batches, workers compute them, and pictures are made of maps."""

from .batches import run_batch, run_pending
from .missing import MapKey, map_key, maps_there, parameters_hash
from .pictures import crop_of, make_map_pictures
from .runs import (
    RunProgress,
    pending_batches,
    plan_run,
    requeue_stale,
    retry_failed,
    run_progress,
    runs_with_counts,
)

__all__ = [
    "MapKey",
    "RunProgress",
    "crop_of",
    "make_map_pictures",
    "map_key",
    "maps_there",
    "parameters_hash",
    "pending_batches",
    "plan_run",
    "requeue_stale",
    "retry_failed",
    "run_batch",
    "run_pending",
    "run_progress",
    "runs_with_counts",
]
