"""A researcher writes the protocol in the browser: steps, drafts, cost and power, preview, and preparation by workers."""

from .drafts import PACKAGED, create_draft
from .power_analysis import Photos, PowerAnalysis, analyse_power, count_photos
from .power_job import POWER
from .preparation import Standing, give_up_with_run
from .tasks import look, prepare, start_to_prepare, try_again

__all__ = [
    "PACKAGED",
    "POWER",
    "Photos",
    "PowerAnalysis",
    "Standing",
    "analyse_power",
    "count_photos",
    "create_draft",
    "give_up_with_run",
    "look",
    "prepare",
    "start_to_prepare",
    "try_again",
]
