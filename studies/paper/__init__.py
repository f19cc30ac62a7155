"""The paper from end to end: its networks, photos and studies repeated, and its tables beside ours."""

from .inputs import SAMPLE_NETWORKS, SIMULATION_RULES, Inputs, check_inputs, remarks_on_inputs
from .report import paper_report
from .stages import (
    STAGE_TITLES,
    evaluation_stage,
    layers_stage,
    maps_stage,
    networks_stage,
    photos_stage,
    report_stage,
    studies_stage,
    sweep_stage,
)

__all__ = [
    "SAMPLE_NETWORKS",
    "SIMULATION_RULES",
    "STAGE_TITLES",
    "Inputs",
    "check_inputs",
    "evaluation_stage",
    "layers_stage",
    "maps_stage",
    "networks_stage",
    "paper_report",
    "photos_stage",
    "remarks_on_inputs",
    "report_stage",
    "studies_stage",
    "sweep_stage",
]
