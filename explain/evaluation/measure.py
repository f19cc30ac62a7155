"""What a network says of photos under the masks of their maps: figures for rows. Imports torch: load it when needed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image as PillowImage
from torch import Tensor

from explain.cam.errors import InputError
from explain.cam.metrics.authors_code import binary_mask, explanation_map
from explain.cam.metrics.localisation import best_iou, boxes_in_crop, energy, pointing_hit
from explain.cam.metrics.masking import Masking, deletion_auc, insertion_auc, masked_batch, measure, upsampled
from explain.cam.network import Network as LoadedNetwork

from .protocols import AUTHORS_CODE, IOU_AT, EvaluationProtocol

Figures = dict[str, float | bool | None]  # the fields of an Evaluation


@dataclass(frozen=True, eq=False)
class PhotoWithMaps:
    """A photo, the class that is explained, and its raw maps (h, w) by method."""

    name: str
    pixels: PillowImage.Image
    target: int
    boxes: Sequence[Sequence[float]]
    maps: dict[str, np.ndarray] = field(default_factory=dict)


def measure_photos(
    net: LoadedNetwork, photos: Sequence[PhotoWithMaps], protocol: EvaluationProtocol
) -> list[dict[str, Figures]]:
    """For each photo the figures of each of its methods under the protocol.

    The figures of a photo do not depend on which photos it comes with (on the CPU, to the bit). Raises CamError for a
    network that gives no finite score.
    """
    inputs, crops = [], []
    for photo in photos:
        inputs.append(net.preprocess(photo.pixels))
        crops.append(net.crop_box(*photo.pixels.size))
    figures_by_photo = _faithfulness(net, photos, inputs, protocol)
    for photo, batch, crop, figures in zip(photos, inputs, crops, figures_by_photo, strict=True):
        for method, cells in photo.maps.items():
            tensor = torch.from_numpy(cells.copy())
            if protocol.steps is not None:
                how = {"steps": protocol.steps}
                figures[method]["insertion"] = insertion_auc(net, batch, tensor, photo.target, **how)
                figures[method]["deletion"] = deletion_auc(net, batch, tensor, photo.target, **how)
            figures[method] |= _localisation(net, tensor, photo.boxes, crop)
    return figures_by_photo


def _faithfulness(
    net: LoadedNetwork, photos: Sequence[PhotoWithMaps], inputs: list[Tensor], protocol: EvaluationProtocol
) -> list[dict[str, Figures]]:
    """Y and O of every photo and map, from one long batch: each photo, then what each of its maps leaves of it."""
    parts, targets = [], []
    for photo, batch in zip(photos, inputs, strict=True):
        shown = [batch[None], *_masked(net, photo, batch, protocol)]
        parts += shown
        targets += [photo.target] * sum(map(len, shown))
    scores = measure(
        net, torch.cat(parts), torch.tensor(targets), chunk=1 if net.device.type == "cpu" else 16
    )
    rows = iter(zip(scores.confidence.tolist(), scores.activation.tolist(), strict=True))
    figures_by_photo: list[dict[str, Figures]] = []
    for photo in photos:
        whole = _finite(next(rows), net, photo)
        figures: dict[str, Figures] = {}
        for method in photo.maps:
            figures[method] = dict(zip(("confidence", "activation"), whole, strict=True))
            if not protocol.curves:
                left = _finite(next(rows), net, photo)
                figures[method] |= dict(zip(("confidence_left", "activation_left"), left, strict=True))
        figures_by_photo.append(figures)
    return figures_by_photo


def _masked(
    net: LoadedNetwork, photo: PhotoWithMaps, batch: Tensor, protocol: EvaluationProtocol
) -> list[Tensor]:
    if protocol.mask is None or not photo.maps:
        return []
    if protocol.mask == AUTHORS_CODE:
        return [_as_the_authors_do(net, photo, protocol.share)]
    masking = Masking(protocol.mask, protocol.fill, protocol.share)
    maps = (torch.from_numpy(cells[None].copy()) for cells in photo.maps.values())  # they may differ in size
    return [masked_batch(net, batch[None], cells, masking).cpu() for cells in maps]


def _as_the_authors_do(net: LoadedNetwork, photo: PhotoWithMaps, share: float) -> Tensor:
    """What each map leaves of the photo in the photo's own pixels, and then as the network reads it."""
    size, crop = net.preprocessing.size, net.crop_box(*photo.pixels.size)
    pictures = [
        explanation_map(photo.pixels, binary_mask(cells, size, share), crop) for cells in photo.maps.values()
    ]
    return torch.stack([net.preprocess(picture) for picture in pictures])


def _finite(scores: tuple[float, float], net: LoadedNetwork, photo: PhotoWithMaps) -> tuple[float, float]:
    if not np.isfinite(scores).all():
        raise InputError(f"{net.spec} gives {photo.name} a score that is no number; check its weights")
    return scores


def _localisation(
    net: LoadedNetwork,
    cells: Tensor,
    boxes: Sequence[Sequence[float]],
    crop: tuple[float, float, float, float],
) -> Figures:
    """How well a map (h, w), upsampled, points at the boxes that the network sees; empty where it sees none."""
    size = net.preprocessing.size
    seen = boxes_in_crop(boxes, crop, size)
    if not seen:
        return {}
    large = upsampled(cells[None], size)[0].numpy()
    figures: Figures = {name: best_iou(large, seen, delta) for name, delta in IOU_AT.items()}
    return figures | {"pointing": pointing_hit(large, seen), "energy": energy(large, seen)}
