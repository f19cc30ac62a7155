"""Programs that take part: simulated volunteers, and the blinding audit."""

from .blinding_audit import check_blinding
from .box_preference import in_boxes
from .volunteers import Preference, local_server, simulate

__all__ = ["Preference", "check_blinding", "in_boxes", "local_server", "simulate"]
