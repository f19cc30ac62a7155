"""Maps and finished pictures that somebody brings: files become the maps of a set, once all of them are in order."""

from .importer import ImportedMaps, import_maps
from .laying import Fit, Laying, fit_in_words
from .look import MapPlan, Sample
from .plan import plan_maps
from .preview import preview_picture
from .reading import Channels, Covers, Reading, Scale, Sign, in_words, reading_of
from .request import ALLOWED, ALLOWED_OF_PICTURES, MAPS, NAME_LONGEST, PICTURES, Request, request_of
from .whole import holds_pictures, whole_sets_of

__all__ = [
    "ALLOWED",
    "ALLOWED_OF_PICTURES",
    "MAPS",
    "NAME_LONGEST",
    "PICTURES",
    "Channels",
    "Covers",
    "Fit",
    "ImportedMaps",
    "Laying",
    "MapPlan",
    "Reading",
    "Request",
    "Sample",
    "Scale",
    "Sign",
    "fit_in_words",
    "holds_pictures",
    "import_maps",
    "in_words",
    "plan_maps",
    "preview_picture",
    "reading_of",
    "request_of",
    "whole_sets_of",
]
