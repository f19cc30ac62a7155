"""The places within a study: what the navigation on each of its pages offers, to whom, and in which of them a page stands."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from studies.models import Study

from .permissions import may_edit, may_pay

# A place's words, the address that it leads to, and how the names of the addresses that belong to it begin, the first that fits.
OVERVIEW = ("Overview", "study", ("study",))
SET_UP = ("Set-up", "setup-check", ("setup-", "study-power"))
PROGRESS = ("Progress", "study-watch", ("study-watch", "study-void", "study-take-back", "study-test-people"))
RESULTS = (
    "Results",
    "study-results",
    ("study-results", "study-humans", "study-item", "study-report-figures"),
)
PHOTOS = ("Photos and maps", "study-gallery", ("study-gallery", "study-photos", "study-alike"))
PROTOCOL = ("Protocol", "study-protocol", ("study-protocol", "study-change-wording", "study-grow"))
PAYMENTS = ("Payments", "study-payments", ("study-payments",))
ACCESS = ("Access", "study-access", ("study-access",))
RECORD = ("Activity log", "study-record", ("study-record", "study-notices", "study-archive"))
ALL = (OVERVIEW, SET_UP, PROGRESS, RESULTS, PHOTOS, PROTOCOL, PAYMENTS, ACCESS, RECORD)


@dataclass(frozen=True)
class Place:
    """A link of the navigation; `here`: the page that is shown belongs to it."""

    title: str
    address: str
    here: bool


def places_in(study: Study, user: Any, shown: str) -> list[Place]:
    """The places of a study that this person may go to, in their order.

    shown: the name of the shown page's address. Set-up is there until the study is opened, progress and results from then on.
    """
    current, changes = place_of(shown), may_edit(user, study)
    left_out = {
        SET_UP: study.is_frozen or not changes,
        PROGRESS: not study.is_frozen,
        RESULTS: not study.is_frozen,
        PAYMENTS: not may_pay(user, study),
        # Such a study's own page leads on to its set-up.
        OVERVIEW: changes and study.state in Study.LACKS_SOMETHING,
    }
    return [
        Place(place[0], reverse(place[1], args=[study.slug]), here=place is current)
        for place in ALL
        if not left_out.get(place)
    ]


def place_of(shown: str) -> tuple[str, str, tuple[str, ...]]:
    """The place that an address with this name belongs to: the overview where no other one claims it."""
    others = (place for place in ALL if place is not OVERVIEW)
    return next((place for place in others if shown.startswith(place[2])), OVERVIEW)
