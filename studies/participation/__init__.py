"""What a volunteer sees: invitation, consent, instructions, practice, trials, thanks; and how answers come in."""

from .arrivals import Arrival
from .decorators import private, refuse
from .invitations import (
    MOST_AT_ONCE,
    closed_because,
    finish,
    invite,
    invite_each,
    is_over,
    lets_nobody_in,
    link,
)
from .sealed_pictures import hashes_of, pictures_in
from .seats import IN_HAND, Credit, Seat
from .sites.ways_back import way_back
from .submissions import PART
from .texts import hand_out, parts_in_order, screen

__all__ = [
    "IN_HAND",
    "MOST_AT_ONCE",
    "PART",
    "Arrival",
    "Credit",
    "Seat",
    "closed_because",
    "finish",
    "hand_out",
    "hashes_of",
    "invite",
    "invite_each",
    "is_over",
    "lets_nobody_in",
    "link",
    "parts_in_order",
    "pictures_in",
    "private",
    "refuse",
    "screen",
    "way_back",
]
