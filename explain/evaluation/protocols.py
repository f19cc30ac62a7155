"""Named ways to evaluate maps. A figure depends on the mask and the fill, so each comes with the name of both. No torch.

paper        keep exactly the top 20 % of the upsampled map, black elsewhere (the paper's tables 1 and 2)
paper-mean   the same, with the mean colour of the training photos elsewhere
paper-blur   the same, with the blurred photo elsewhere
soft         the photo times the map over its maximum (Chattopadhay et al., Grad-CAM++, 2018)
authors      as soft, with zero where the map is below its 80th percentile, resized bilinearly (generate_explanation_map of
             the paper's published code; its class makes 8 bits of the map and resizes by Lanczos before, which is left out)
curves       insertion and deletion (Petsiuk et al., RISE, 2018) instead of a mask
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from explain.core.errors import BadInputError


@dataclass(frozen=True)
class EvaluationProtocol:
    """What is done with a map. `mask` and `fill` are those of cam/metrics/masking.py; a protocol of curves has no mask.

    share   the part of the photo that the mask keeps
    steps   how many steps a curve has; it takes one pass more than that
    """

    name: str
    mask: str | None = "top"
    fill: str = "black"
    share: float = 0.2
    steps: int | None = None

    @property
    def curves(self) -> bool:
        return self.steps is not None

    @property
    def mask_in_words(self) -> str:
        if self.curves:
            return f"none: the photo appears and goes in {self.steps} steps, the map's highest pixels first"
        kept, rest = f"{self.share:.0%}".replace("%", " %"), f"{1 - self.share:.0%}".replace("%", "th")
        return {
            "top": f"exactly the top {kept} of the upsampled map, by stable sort",
            "soft": "the upsampled map over its maximum",
            "authors": f"the upsampled map over its maximum, zero below its {rest} percentile",
        }[str(self.mask)]

    @property
    def fill_in_words(self) -> str:
        if self.curves:
            return "blur (insertion), black (deletion)"
        return {
            "black": "black",
            "mean": "the mean colour of the training photos",
            "blur": "the blurred photo",
        }[self.fill]

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"mask_in_words": self.mask_in_words, "fill_in_words": self.fill_in_words}


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        EvaluationProtocol("paper"),
        EvaluationProtocol("paper-mean", fill="mean"),
        EvaluationProtocol("paper-blur", fill="blur"),
        EvaluationProtocol("soft", mask="soft"),
        EvaluationProtocol("authors", mask="authors"),
        EvaluationProtocol("curves", mask=None, fill="", steps=20),
    )
}
IOU_AT = {
    "iou_10": 0.1,
    "iou_30": 0.3,
    "iou_50": 0.5,
}  # parts of the map's maximum: the thresholds of figure 4


def find_protocol(name: str) -> EvaluationProtocol:
    """The protocol of that name, or a BadInputError that says which there are."""
    if name not in PROTOCOLS:
        raise BadInputError(
            f"--protocol {name}: there is no such protocol; choose from {', '.join(PROTOCOLS)}"
        )
    return PROTOCOLS[name]


def evaluation_hash(map_hash: str, protocol: EvaluationProtocol, boxes: Sequence[Sequence[float]]) -> str:
    """SHA-256 of all that an evaluation depends on beside its photo, layer, method and target.

    The photo's boxes are part of it: where somebody corrects one, its maps are evaluated again.
    """
    ingredients = {"map": map_hash, "protocol": asdict(protocol), "boxes": boxes, "iou_at": IOU_AT}
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
