"""Photos in: folders, archives and files are read, checked, cleaned and stored with their labels and boxes."""

from .class_names import class_in, label_target, label_targets
from .cleaning import clean_photo
from .file_trees import NAMED, Tree, open_tree, usual
from .importer import Imported, import_images
from .kinds import EXTENSIONS as PHOTO_ENDINGS
from .manifests import MANIFEST, is_manifest, nearest_manifest
from .pixels import pixels_of, sha256_of
from .plan import Plan, plan_import
from .sets import find_set, misfits_among, sets_with_counts
from .table_text import read_table

__all__ = [
    "MANIFEST",
    "NAMED",
    "PHOTO_ENDINGS",
    "Imported",
    "Plan",
    "Tree",
    "class_in",
    "clean_photo",
    "find_set",
    "import_images",
    "is_manifest",
    "label_target",
    "label_targets",
    "misfits_among",
    "nearest_manifest",
    "open_tree",
    "pixels_of",
    "plan_import",
    "read_table",
    "sets_with_counts",
    "sha256_of",
    "usual",
]
