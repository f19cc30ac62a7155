"""Studies: what is asked, of whom, and what they said."""

from .answers import Event, Response, Trial
from .asked import Arm, CheckMap, Item, ItemMap
from .people import ApiToken, ApiUse, Invitation, Participant, hash_token, new_token
from .study import ProtocolVersion, Study, StudyQuerySet

__all__ = [
    "ApiToken",
    "ApiUse",
    "Arm",
    "CheckMap",
    "Event",
    "Invitation",
    "Item",
    "ItemMap",
    "Participant",
    "ProtocolVersion",
    "Response",
    "Study",
    "StudyQuerySet",
    "Trial",
    "hash_token",
    "new_token",
]
