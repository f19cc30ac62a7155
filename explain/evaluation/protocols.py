"""Named ways to evaluate maps. A figure depends on the mask and the fill, so each comes with the name of both. No torch.

A protocol at another share has a name of its own, so that its rows are told apart: paper/0.1 keeps the top 10 %.

paper        keep exactly the top 20 % of the upsampled map, black elsewhere (the paper's tables 1 and 2)
paper-mean   the same, with the mean colour of the training photos elsewhere
paper-blur   the same, with the blurred photo elsewhere
soft         the photo times the map over its maximum (Chattopadhay et al., Grad-CAM++, 2018)
authors      as soft, with zero where the map is below its 80th percentile, resized bilinearly (generate_explanation_map of
             the paper's published code; its class makes 8 bits of the map and resizes by Lanczos before, which is left out)
authors-code the published code to the letter: the map as 8 bits, enlarged by Lanczos, a binary mask from its 80th percentile
             up, resized to the photo and multiplied as in their main.py (cam/metrics/authors_code.py)
curves       insertion and deletion (Petsiuk et al., RISE, 2018) instead of a mask
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from explain.core.errors import BadInputError

AUTHORS_CODE = "authors-code"


@dataclass(frozen=True)
class EvaluationProtocol:
    """What is done with a map. `mask` and `fill` are those of cam/metrics/masking.py; a protocol of curves has no mask.

    The mask of `authors-code` is not among them: it is made in the photo's own pixels (cam/metrics/authors_code.py).

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
        kept, rest = f"{round(100 * self.share, 1):g} %", _ordinal(round(100 * (1 - self.share), 1))
        return {
            "top": f"exactly the top {kept} of the upsampled map, by stable sort",
            "soft": "the upsampled map over its maximum",
            "authors": f"the upsampled map over its maximum, zero below its {rest} percentile",
            "percentile": f"the upsampled map from its {rest} percentile up (≥)",
            "percentile-8-bits": f"the map as 8 bits, upsampled, from its {rest} percentile up (≥)",
            "percentile-lanczos": f"the map as 8 bits, enlarged by Lanczos, from its {rest} percentile up (≥)",
            AUTHORS_CODE: f"the map as 8 bits, enlarged by Lanczos, from its {rest} percentile up (≥), resized to the photo and "
            "thresholded once more as in the authors' main.py",
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
        EvaluationProtocol(AUTHORS_CODE, mask=AUTHORS_CODE),
        EvaluationProtocol("curves", mask=None, fill="", steps=20),
    )
}
IOU_AT = {
    "iou_10": 0.1,
    "iou_30": 0.3,
    "iou_50": 0.5,
}  # parts of the map's maximum: the thresholds of figure 4


STEP_PROTOCOLS = {
    name: EvaluationProtocol(name, mask=name)
    for name in ("percentile", "percentile-8-bits", "percentile-lanczos")
}
"""What lies between `paper` and `authors` and `authors-code`: for steps.py, not for tables of their own."""


def find_protocol(name: str) -> EvaluationProtocol:
    """The protocol of that name, or a BadInputError that says which there are. `paper/0.1` is `paper` at a share of 0.1."""
    base, slash, share = name.partition("/")
    protocol = _named(base)
    if protocol is None:
        raise BadInputError(
            f"--protocol {name}: there is no such protocol; choose from {', '.join(PROTOCOLS)}"
        )
    return at_share(protocol, share) if slash else protocol


def at_share(protocol: EvaluationProtocol, share: str) -> EvaluationProtocol:
    """The protocol where its mask keeps another share of the photo, or itself where that is its own share.

    Raises BadInputError for a protocol whose mask keeps no share, and for a share that is not in 0.001..1 or is finer than that.
    """
    if protocol.curves or protocol.mask == "soft":
        raise BadInputError(
            f"--share {share}: the protocol {protocol.name} keeps no share of the photo; "
            f"choose from {', '.join(name for name, other in PROTOCOLS.items() if not other.curves and other.mask != 'soft')}"
        )
    try:
        thousandths = 1000 * float(share)
    except ValueError:
        thousandths = math.nan
    if not (1 - 1e-6 <= thousandths <= 1000 and abs(thousandths - round(thousandths)) < 1e-6):
        raise BadInputError(
            f"--share {share}: give parts of the photo from 0.001 to 1 with at most three digits after the point; "
            "0.1,0.2,0.3 keep the top 10, 20 and 30 %"
        )
    part = round(thousandths) / 1000
    own = _named(protocol.name.partition("/")[0]) or protocol
    return own if part == own.share else replace(own, name=f"{own.name}/{part:g}", share=part)


def _named(name: str) -> EvaluationProtocol | None:
    return PROTOCOLS.get(name) or STEP_PROTOCOLS.get(name)


def _ordinal(number: float) -> str:
    ends: dict[float, str] = {1: "st", 2: "nd", 3: "rd"} if not 11 <= number <= 13 else {}
    return f"{number:g}{ends.get(number % 10, 'th')}"


def evaluation_hash(map_hash: str, protocol: EvaluationProtocol, boxes: Sequence[Sequence[float]]) -> str:
    """SHA-256 of all that an evaluation depends on beside its photo, layer, method and target.

    The photo's boxes are part of it: where somebody corrects one, its maps are evaluated again.
    """
    before, after = _around_boxes(map_hash, protocol)
    return hashlib.sha256((before + _canonical(boxes) + after).encode()).hexdigest()


@lru_cache(maxsize=1024)
def _around_boxes(map_hash: str, protocol: EvaluationProtocol) -> tuple[str, str]:
    """The canonical JSON of all that an evaluation depends on, but for the boxes: all photos of a set share the rest."""
    ingredients = {"map": map_hash, "protocol": asdict(protocol), "boxes": 0, "iou_at": IOU_AT}
    before, after = _canonical(ingredients).split('"boxes":0', 1)
    return f'{before}"boxes":', after


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
