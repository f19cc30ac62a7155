"""Maps that somebody brings: arrays in files become the maps of a set, once all of them are in order."""

from .importer import METHOD, ImportedMaps, import_maps
from .plan import (
    ALLOWED,
    NAME_LONGEST,
    MapPlan,
    Request,
    Sample,
    check_allowed,
    check_name,
    plan_maps,
    request_of,
)
from .preview import preview_picture
from .reading import Channels, Covers, Reading, Scale, Sign, in_words, reading_of

__all__ = [
    "ALLOWED",
    "METHOD",
    "NAME_LONGEST",
    "Channels",
    "Covers",
    "ImportedMaps",
    "MapPlan",
    "Reading",
    "Request",
    "Sample",
    "Scale",
    "Sign",
    "check_allowed",
    "check_name",
    "import_maps",
    "in_words",
    "plan_maps",
    "preview_picture",
    "reading_of",
    "request_of",
]
