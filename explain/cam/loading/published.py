"""Weights that torchvision and timm publish, by the names that they have there, and how to tell which of them a file is.

Nothing is downloaded here: these are the libraries' own records.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import WeightsError, nearest

DEFAULT = "DEFAULT"
FILES = (".pt", ".pth", ".bin", ".ckpt", ".tar", ".safetensors", ".onnx")
_HASHED = re.compile(r"-([0-9a-f]{8})\.pth$")


@dataclass(frozen=True)
class PublishedWeights:
    """One of a library's weights for one network.

    name      as the library calls it: IMAGENET1K_V1, a1_in1k
    file      the file that is published; torchvision's ends in the first eight digits of its SHA-256
    default   whether the library takes it where none is named
    accuracy  share of ImageNet's validation photos that it gets right, where the library says so
    resize    pixels that the shorter side of a photo is brought to before the crop, where the library says so
    megabytes the size of the file, where the library says so
    """

    name: str
    file: str
    default: bool = False
    accuracy: float | None = None
    resize: int | None = None
    megabytes: float | None = None


def published(load: str) -> dict[str, PublishedWeights]:
    """All weights of `torchvision:NAME` or `timm:NAME`, by name; empty for anything else and for unknown networks."""
    library, _, network = load.partition(":")
    readers = {"torchvision": _of_torchvision, "timm": _of_timm}
    return readers[library](network) if library in readers else {}


def weights_name(load: str, weights: str) -> str | None:
    """The library's own name for `weights`, in its spelling, if it is one; None for a path.

    "imagenet1k_v1" and "ResNet50_Weights.IMAGENET1K_V1" mean IMAGENET1K_V1; "resnet50.a1_in1k" means a1_in1k.

    Raises WeightsError for what is neither a name that the network has nor a file.
    """
    if "/" in weights or weights.lower().endswith(FILES):
        return None
    names = {name.lower(): name for name in published(load)}
    spoken = weights.lower()
    known = names.get(spoken) or names.get(spoken.partition(".")[2])
    if known or not names or Path(weights).exists():
        return known
    listed = ", ".join(names.values()) if len(names) <= 12 else f"{len(names)} names of its library"
    raise WeightsError(
        f"{load} has no weights “{weights}”{nearest(weights, list(names.values()))}; choose {listed} or {DEFAULT},"
        " or give the path of a file"
    )


def identified(load: str, weights: str) -> PublishedWeights | None:
    """Which of the library's weights these are; None where they are none of them, or nothing tells.

    A name or DEFAULT is looked up. A file counts where it is called as the library's is, and its SHA-256 begins as its name
    says: a file that is only called so does not.
    """
    known = published(load)
    if weights == DEFAULT:
        return next((one for one in known.values() if one.default), None)
    if weights in known:
        return known[weights]
    if not weights or not _is_what_its_name_says(Path(weights)):
        return None
    return next((one for one in known.values() if one.file == Path(weights).name), None)


def _is_what_its_name_says(path: Path) -> bool:
    hashed = _HASHED.search(path.name)
    if hashed is None or not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().startswith(hashed.group(1))


def _of_torchvision(network: str) -> dict[str, PublishedWeights]:
    from torchvision import models

    if network not in models.list_models(module=models):
        return {}
    records = models.get_model_weights(network)
    return {record.name: _torchvision_record(record, records) for record in records}


def _torchvision_record(record: Any, records: Any) -> PublishedWeights:
    metrics: Mapping[str, Mapping[str, float]] = record.meta.get("_metrics", {})
    right = metrics.get("ImageNet-1K", {}).get("acc@1")
    resize = getattr(record.transforms(), "resize_size", None)
    return PublishedWeights(
        name=record.name,
        file=Path(record.url).name,
        default=record is records.DEFAULT,
        accuracy=round(right / 100, 5) if right is not None and right == right else None,
        resize=next(iter(resize)) if resize else None,
        megabytes=record.meta.get("_file_size"),
    )


def _of_timm(network: str) -> dict[str, PublishedWeights]:
    from timm.models import get_arch_pretrained_cfgs, is_model, split_model_name_tag

    architecture, tag = split_model_name_tag(network)
    if not is_model(architecture):
        return {}
    configs = {
        name.partition(".")[2]: config for name, config in get_arch_pretrained_cfgs(architecture).items()
    }
    configs = {name: config for name, config in configs.items() if name and config.has_weights}
    return {
        name: PublishedWeights(
            name=name,
            file=Path(str(config.url or config.hf_hub_filename or "")).name,
            default=name == tag if tag else place == 0,
            resize=int(config.input_size[1] / config.crop_pct) if config.crop_pct else None,
        )
        for place, (name, config) in enumerate(configs.items())
    }
