"""Who may look at a study and who may change it; the record of what was done."""

from .event_log import add_note
from .logins import forget_logins
from .permissions import editable_study_of, may_edit, may_pay, payable_study_of, study_of
from .places import Place, places_in
from .used_by_studies import uses_of

__all__ = [
    "Place",
    "add_note",
    "editable_study_of",
    "forget_logins",
    "may_edit",
    "may_pay",
    "payable_study_of",
    "places_in",
    "study_of",
    "uses_of",
]
