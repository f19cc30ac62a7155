"""Studies: what is asked, of whom, and what they said."""

from .items import Arm, CheckMap, Item, ItemMap, ItemPanel
from .notices import Notice, NoticeSettings
from .participants import (
    ApiToken,
    ApiUse,
    FurtherLink,
    Invitation,
    JoinCount,
    Participant,
    hash_token,
    new_token,
)
from .study import ProtocolVersion, Study, StudyQuerySet, find_study, task_choices
from .trials import Event, Response, Trial

__all__ = [
    "ApiToken",
    "ApiUse",
    "Arm",
    "CheckMap",
    "Event",
    "FurtherLink",
    "Invitation",
    "Item",
    "ItemMap",
    "ItemPanel",
    "JoinCount",
    "Notice",
    "NoticeSettings",
    "Participant",
    "ProtocolVersion",
    "Response",
    "Study",
    "StudyQuerySet",
    "Trial",
    "find_study",
    "hash_token",
    "new_token",
    "task_choices",
]
