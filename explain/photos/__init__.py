"""Photos in: folders, archives and files are read, checked, cleaned and stored with their labels and boxes."""

from .class_names import class_in, label_target, label_targets
from .importer import Imported, import_images
from .manifests import MANIFEST
from .pixels import pixels_of, sha256_of
from .plan import Plan, plan_import
from .sets import find_set, misfits_among, sets_with_counts

__all__ = [
    "MANIFEST",
    "Imported",
    "Plan",
    "class_in",
    "find_set",
    "import_images",
    "label_target",
    "label_targets",
    "misfits_among",
    "pixels_of",
    "plan_import",
    "sets_with_counts",
    "sha256_of",
]
