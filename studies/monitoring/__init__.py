"""A running study: how far it is, who is at it now, how many people it still needs."""

from .people_needed import need_of
from .progress import (
    StudyProgress,
    invitations_with_people,
    people_by_state,
    personal_links_by_label,
    progress_of,
    site_totals,
    with_item_count,
)

__all__ = [
    "StudyProgress",
    "invitations_with_people",
    "need_of",
    "people_by_state",
    "personal_links_by_label",
    "progress_of",
    "site_totals",
    "with_item_count",
]
