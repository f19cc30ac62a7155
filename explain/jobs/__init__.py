"""Work that somebody asks for on a page and a worker does; which workers are there, and how much waits."""

from .jobs import (
    KINDS,
    LOOK_FIRST,
    SAMPLES,
    JobKind,
    Report,
    add_looked_at,
    ask,
    cancel_looked_at,
    is_under_way,
    keep_upload,
    register,
    run_job,
    to_json,
    try_again,
    uploads,
    waiting,
)
from .workers import Presence, workers_seen
from .workload import current_workload

__all__ = [
    "KINDS",
    "LOOK_FIRST",
    "SAMPLES",
    "JobKind",
    "Presence",
    "Report",
    "add_looked_at",
    "ask",
    "cancel_looked_at",
    "current_workload",
    "is_under_way",
    "keep_upload",
    "register",
    "run_job",
    "to_json",
    "try_again",
    "uploads",
    "waiting",
    "workers_seen",
]
