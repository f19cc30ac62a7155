"""The pages of `explain` that staff see. Only the addresses import them."""

from .asking import send_and_show
from .bringing import maps_brought, named_network_brought, photos_brought, pictures_brought
from .in_words import shown
from .stored_pictures import register as register_hashes
from .visibility import Use
from .visibility import register as register_uses

__all__ = [
    "Use",
    "maps_brought",
    "named_network_brought",
    "photos_brought",
    "pictures_brought",
    "register_hashes",
    "register_uses",
    "send_and_show",
    "shown",
]
