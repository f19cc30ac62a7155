"""The paper from end to end: its networks, photos and studies repeated, and its tables beside ours."""

from .inputs import RULES, SAMPLE_NETWORKS, Inputs, check, remarks
from .report import paper_report
from .stages import TITLES, evaluation, maps, networks, photos, report_file, studies, times

__all__ = [
    "RULES",
    "SAMPLE_NETWORKS",
    "TITLES",
    "Inputs",
    "check",
    "evaluation",
    "maps",
    "networks",
    "paper_report",
    "photos",
    "remarks",
    "report_file",
    "studies",
    "times",
]
