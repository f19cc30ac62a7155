"""Maps that somebody brings: arrays in files become the maps of a set, once all of them are in order."""

from .importer import METHOD, ImportedMaps, import_maps
from .plan import MapPlan, Sample, plan_maps
from .preview import preview_picture
from .reading import Channels, Covers, Reading, Scale, Sign, in_words, reading_of
from .request import ALLOWED, NAME_LONGEST, Request, request_of
from .whole import whole_sets_of

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
    "import_maps",
    "in_words",
    "plan_maps",
    "preview_picture",
    "reading_of",
    "request_of",
    "whole_sets_of",
]
