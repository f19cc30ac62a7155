"""Networks: how each is loaded, registered, and tried on a photo before it is used."""

from .registry import (
    absent_backend,
    add_network,
    check_weights_name,
    default_weights,
    find_networks,
    has_weights_of,
    load_network,
    megabytes_to_fetch,
    published_weights,
)
from .trial_run import try_network

__all__ = [
    "absent_backend",
    "add_network",
    "check_weights_name",
    "default_weights",
    "find_networks",
    "has_weights_of",
    "load_network",
    "megabytes_to_fetch",
    "published_weights",
    "try_network",
]
