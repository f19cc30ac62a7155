"""Methods that are not ours: functions in the forms that the field has, and Captum's. Each runs on one photo at a time, on a
copy of the network, and with chance of its own, so that a map depends on nothing but its photo, and nothing leaks.
"""

from .captum_methods import captum_method
from .functions import as_method

__all__ = ["as_method", "captum_method"]
