"""A researcher writes the protocol in the browser: steps, drafts, cost and power, preview, and preparation by workers."""

from .drafts import PACKAGED
from .power_analysis import Photos, PowerAnalysis, analyse_power, count_photos
from .power_job import POWER
from .tasks import prepare

__all__ = ["PACKAGED", "POWER", "Photos", "PowerAnalysis", "analyse_power", "count_photos", "prepare"]
