"""The methods of this library, with who made each. A test keeps them equal to the functions in cam/methods.py."""

from .known import Known

CONTROL = "control"

_CITATIONS = {
    "grad-cam": "Selvaraju et al., ICCV 2017",
    "grad-cam++": "Chattopadhay et al., WACV 2018, equations 10 and 19",
    "finer-cam": "Zhang et al., CVPR 2025, as pytorch-grad-cam has it",
    "hirescam": "Draelos and Carin, 2020",
    "layer-cam": "Jiang et al., IEEE TIP 2021",
    "xgrad-cam": "Fu et al., BMVC 2020",
    "eigen-cam": "Muhammad and Yeasin, IJCNN 2020",
    "full-grad": "Srinivas and Fleuret, NeurIPS 2019",
    "score-cam": "Wang et al., CVPR-W 2020, algorithm 1",
    "rise": "Petsiuk, Das and Saenko, BMVC 2018",
    "occlusion": "Zeiler and Fergus, ECCV 2014",
    "ablation-cam": "Desai and Ramaswamy, WACV 2020",
    "ablation-cam++": "Salama, Adly and Torki, ICIP 2022 (our reading of the abstract)",
    "pixel-ablation-cam": "Pixel Ablation-CAM, equation 5",
    "pixel-ablation-cam/authors": "Pixel Ablation-CAM, as its authors' published code computes it",
    "pixel-ablation-cam/weights": "Pixel Ablation-CAM, equation 4 alone",
    "recipro-cam": "Byun and Lee, 2022",
    "random": CONTROL,
    "centre": CONTROL,
}
_PARAMETERS: dict[str, dict] = {
    "finer-cam": {"alpha": 1.0, "classes": 3},
    "score-cam": {"chunk": 8},
    "rise": {"masks": 4000, "cells": 7, "p": 0.5, "seed": 0},
    "occlusion": {"baseline": "black", "window": 32, "stride": 16},
    "ablation-cam++": {"groups": 8, "depth": 6, "threshold": 0.01},
    "random": {"seed": 0},
}

OWN = {
    name: Known(name, citation, parameters=_PARAMETERS.get(name, {})) for name, citation in _CITATIONS.items()
}
OWN_NAMES = tuple(OWN)
CONTROL_NAMES = tuple(
    name for name in OWN if OWN[name].citation == CONTROL
)  # they know nothing of the network
