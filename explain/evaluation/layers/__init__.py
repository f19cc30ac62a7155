"""Section 4.5 of the paper, measured: what ablating cells costs at layers from the last to early ones, and what they add."""

from .choose import cells_by_layer, layers_to_measure
from .cost import LayerCost, layer_costs
from .maps import METHOD, LayerFigures, figures_by_layer, maps_at

__all__ = [
    "METHOD",
    "LayerCost",
    "LayerFigures",
    "cells_by_layer",
    "figures_by_layer",
    "layer_costs",
    "layers_to_measure",
    "maps_at",
]
