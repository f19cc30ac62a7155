"""Draft, ready, open, closed: what must hold before each step, and what is fixed by it."""

from .fingerprint import code_version, picture_hashes
from .opening import open_study
from .readiness import MissingMapsError, create_study, make_ready, untitled
from .revisions import differences, find_version, revise
from .seal import seal_json
from .seal_words import EXIT_STATUS, SEAL_BROKEN, named_download, seal_in_words
from .similarity_job import LIKENESS, ask_to_compare, comparison
from .transitions import STEPS, change_state, close_draft, revoke_invitation

__all__ = [
    "EXIT_STATUS",
    "LIKENESS",
    "SEAL_BROKEN",
    "STEPS",
    "MissingMapsError",
    "ask_to_compare",
    "change_state",
    "close_draft",
    "code_version",
    "comparison",
    "create_study",
    "differences",
    "find_version",
    "make_ready",
    "named_download",
    "open_study",
    "picture_hashes",
    "revise",
    "revoke_invitation",
    "seal_in_words",
    "seal_json",
    "untitled",
]
