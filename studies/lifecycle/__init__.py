"""Draft, ready, open, closed: what must hold before each step, and what is fixed by it."""

from .fingerprint import check_hashes, code_version, full_protocol
from .grain import grain_remarks
from .growth import grow
from .nonce import NAMED, orders_are_known, published_protocol
from .opening import open_study
from .predictions import said_of
from .readiness import MissingMapsError, create_study, make_ready, maps_for, misfits, new_study, untitled
from .revisions import RevisionError, check_reason, differences, find_version, next_version, paused, revise
from .seal import seal_json
from .seal_words import EXIT_STATUS, SEAL_BROKEN, named_download, seal_in_words
from .similarity_job import LIKENESS, NotComparedError, ask_to_compare, comparison
from .study_pictures import drawn_alike, length_of_pictures, make_whole, prepare_pictures, prepared_hashes
from .transitions import STEPS, change_state, close_draft, revoke_invitation, stop_unless_wanted

__all__ = [
    "EXIT_STATUS",
    "LIKENESS",
    "NAMED",
    "SEAL_BROKEN",
    "STEPS",
    "MissingMapsError",
    "NotComparedError",
    "RevisionError",
    "ask_to_compare",
    "change_state",
    "check_hashes",
    "check_reason",
    "close_draft",
    "code_version",
    "comparison",
    "create_study",
    "differences",
    "drawn_alike",
    "find_version",
    "full_protocol",
    "grain_remarks",
    "grow",
    "length_of_pictures",
    "make_ready",
    "make_whole",
    "maps_for",
    "misfits",
    "named_download",
    "new_study",
    "next_version",
    "open_study",
    "orders_are_known",
    "paused",
    "prepare_pictures",
    "prepared_hashes",
    "published_protocol",
    "revise",
    "revoke_invitation",
    "said_of",
    "seal_in_words",
    "seal_json",
    "stop_unless_wanted",
    "untitled",
]
