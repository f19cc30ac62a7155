"""The pages of `explain` that staff see. Only the addresses import them."""

from .asking import send_and_show
from .in_words import shown

__all__ = ["send_and_show", "shown"]
