"""A researcher writes the protocol in the browser: steps, drafts, cost and power, preview, and preparation by workers."""

from .drafts import PACKAGED
from .power_analysis import EFFECTS, PowerAnalysis, analyse_power
from .tasks import prepare

__all__ = ["EFFECTS", "PACKAGED", "PowerAnalysis", "analyse_power", "prepare"]
