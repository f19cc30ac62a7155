"""Networks by name from torchvision and timm."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import nn

from ..errors import CamError, DownloadError, UnknownNameError, WeightsError, nearest
from ..preprocessing import Preprocessing
from .published import DEFAULT, weights_name
from .weights import load_into, read_weights


@dataclass(frozen=True)
class Source:
    """A module with what is known of it. Its preprocessing is None where nothing is on record."""

    module: nn.Module
    preprocessing: Preprocessing | None
    class_names: list[str] | None


def imagenet_names() -> list[str]:
    """The 1,000 ImageNet class names in torchvision's order."""
    from torchvision.models._meta import _IMAGENET_CATEGORIES

    return list(_IMAGENET_CATEGORIES)


def _built(make: Callable[[], nn.Module]) -> nn.Module:
    """A module with random weights that are the same each time, leaving the caller's random state alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make()


def _classes(count: int | None) -> dict[str, Any]:
    return {} if count is None else {"num_classes": count}


def _names(count: int | None) -> list[str] | None:
    return imagenet_names() if count in (None, 1000) else None


def _download(make: Callable[[], nn.Module], network: str, url: str) -> nn.Module:
    try:
        return make()
    except Exception as problem:  # each library wraps the network's errors in its own classes
        if isinstance(problem, (CamError, MemoryError)):
            raise
        reason = problem.reason if isinstance(problem, URLError) else problem
        first_line = (str(reason).strip() or type(reason).__name__).splitlines()[0]
        raise DownloadError(network, first_line[:120], url) from problem


def from_torchvision(name: str, weights: str | Path | None, count: int | None) -> Source:
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise UnknownNameError(f"torchvision has no classification network {name!r}{nearest(name, known)}")
    records = list(models.get_model_weights(name))
    record = records[0] if records else None
    if named := _library_name(f"torchvision:{name}", weights):
        record = models.get_model_weights(name)[named]
        if not record.meta["categories"]:
            raise WeightsError(
                f"torchvision:{name}: its weights {named} are features without a classifier; choose others of its weights"
            )
        module = _download(lambda: models.get_model(name, weights=record), f"torchvision:{name}", record.url)
        return Source(module, _preset(record), list(record.meta["categories"]))
    # these two also initialise slowly unless told; their published weights want transform_input
    extra: dict[str, Any] = {"init_weights": weights is None} if name in ("googlenet", "inception_v3") else {}
    module = _built(lambda: models.get_model(name, weights=None, **_classes(count), **extra))
    if weights is not None:
        load_into(module, read_weights(weights), source=str(weights), network=f"torchvision:{name}")
        record = next((r for r in records if Path(r.url).name == Path(weights).name), record)
        if extra:
            module.transform_input = True  # type: ignore[assignment]
    return Source(module, _preset(record), _names(count))


def _library_name(load: str, weights: str | Path | None) -> str | None:
    """The library's name for `weights` (DEFAULT is one); None for a file and for random weights."""
    if weights is None or weights == DEFAULT:
        return weights  # type: ignore[return-value]
    return weights_name(load, str(weights))


def _preset(record: Any) -> Preprocessing:
    if record is None:
        return Preprocessing()
    preset = record.transforms()
    crop = list(preset.crop_size)
    resize = next(iter(preset.resize_size))
    return Preprocessing(
        size=(crop[0], crop[-1]),
        resize=max(resize, *crop),
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        interpolation=preset.interpolation.value,
    )


def from_timm(name: str, weights: str | Path | None, count: int | None) -> Source:
    import timm

    known = timm.list_models()
    if not timm.is_model(name):
        raise UnknownNameError(f"timm has no network {name!r}{nearest(name, known)}")
    classes = _classes(count)
    if tag := _library_name(f"timm:{name}", weights):
        if tag != DEFAULT:
            name = f"{name.partition('.')[0]}.{tag}"
        config = timm.get_pretrained_cfg(name)
        where = config.url or f"https://huggingface.co/{config.hf_hub_id}" if config else "the weights"
        module = _download(
            lambda: timm.create_model(name, pretrained=True, **classes), f"timm:{name}", str(where)
        )
    else:
        module = _built(lambda: timm.create_model(name, **classes))
        if weights is not None:
            load_into(module, read_weights(weights), source=str(weights), network=f"timm:{name}")
    return Source(module, _config(module), _names(getattr(module, "num_classes", None)))


def _config(module: nn.Module) -> Preprocessing:
    from timm.data import resolve_data_config

    config = resolve_data_config({}, model=module)
    size = tuple(config["input_size"][1:])
    if config["crop_mode"] == "border":
        raise CamError("this network pads photos instead of cropping them; give preprocessing= of your own")
    squash = config["crop_mode"] == "squash"
    return Preprocessing(
        size=size,
        resize=None if squash else int(size[0] / config["crop_pct"]),
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        interpolation=config["interpolation"] if config["interpolation"] != "random" else "bilinear",
    )
