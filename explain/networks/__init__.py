"""Networks: how each is loaded, registered, and tried on a photo before it is used."""

from .registry import add_network, find_networks, load_network
from .trial_run import try_network

__all__ = ["add_network", "find_networks", "load_network", "try_network"]
