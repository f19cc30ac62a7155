"""Networks by name from torchvision and timm."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import nn

from ..errors import CamError, DownloadError, UnknownNameError, WeightsError, nearest
from ..preprocessing import Preprocessing
from .checkpoint import Checkpoint, State
from .description import Description
from .published import DEFAULT, weights_name
from .weights import Build, load_into, read_checkpoint


@dataclass(frozen=True)
class Source:
    """A module with what is known of it. Its preprocessing is None where nothing is on record.

    channels   that its weights read, where they say
    notes      what its weights' file had to say, each a sentence
    """

    module: nn.Module
    preprocessing: Preprocessing | None
    class_names: list[str] | None
    channels: int | None = None
    notes: tuple[str, ...] = ()


Renamed = Callable[[State, nn.Module], State]
IMAGENET_CLASSES = 1000
COLOURS = 3
_INCEPTIONS = ("googlenet", "inception_v3")
_TRAINING_ALONE = ("aux1.", "aux2.", "AuxLogits.")  # torchvision's second heads


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
    return imagenet_names() if count in (None, IMAGENET_CLASSES) else None


def _download(make: Callable[[], nn.Module], network: str, url: str) -> nn.Module:
    try:
        return make()
    except Exception as problem:  # each library wraps the network's errors in its own classes
        if isinstance(problem, (CamError, MemoryError)):
            raise
        reason = problem.reason if isinstance(problem, URLError) else problem
        first_line = (str(reason).strip() or type(reason).__name__).splitlines()[0]
        raise DownloadError(network, first_line[:120], url) from problem


def from_torchvision(name: str, weights: str | Path | None, wanted: Description) -> Source:
    from torchvision import models

    network = f"torchvision:{name}"
    known = models.list_models(module=models)
    if name not in known:
        raise UnknownNameError(f"torchvision has no classification network {name!r}{nearest(name, known)}")
    records = list(models.get_model_weights(name))
    record = records[0] if records else None
    if named := _library_name(network, weights):
        record = models.get_model_weights(name)[named]
        _check_published(network, named, len(record.meta["categories"] or ()), wanted)
        module = _download(lambda: models.get_model(name, weights=record), network, record.url)
        return Source(module, _preset(record), list(record.meta["categories"]))
    options = {"image_size": wanted.size[0]} if wanted.size and name.startswith("vit_") else {}
    if weights is None:
        build = _torchvision_build(name, options, from_file=False)
        module = build(len(wanted.classes) or None, _channels(wanted))
        return Source(module, _preset(record), _names(len(wanted.classes) or None))
    record = next((r for r in records if Path(r.url).name == Path(weights).name), record)
    checkpoint, asked = read_checkpoint(weights), Asked(str(weights), network, wanted)
    try:
        source = _from_file(_torchvision_build(name, options, from_file=True), checkpoint, asked)
    except WeightsError:
        if name not in _INCEPTIONS:
            raise
        # their second heads are for training alone: not in every file, nor always of as many classes
        build = _torchvision_build(name, {**options, "aux_logits": False}, from_file=True)
        source = _from_file(build, checkpoint, asked)
    return replace(source, preprocessing=_preset(record))


def _torchvision_build(name: str, options: dict[str, Any], *, from_file: bool) -> Build:
    from torchvision import models

    # these two also initialise slowly unless told; their published weights want transform_input
    if name in _INCEPTIONS:
        options = {**options, "init_weights": not from_file}

    def build(classes: int | None, channels: int | None) -> nn.Module:
        module = _built(lambda: models.get_model(name, weights=None, **_classes(classes), **options))
        if name in _INCEPTIONS and from_file:
            module.transform_input = True  # type: ignore[assignment]
        return _with_channels(module, channels)

    return build


def _with_channels(module: nn.Module, channels: int | None) -> nn.Module:
    """The module with its first convolution reading so many channels, as fine-tuning scripts replace it."""
    if channels in (None, 3):
        return module
    name, first = next((n, part) for n, part in module.named_modules() if isinstance(part, nn.Conv2d))
    stem = nn.Conv2d(
        channels or 3,
        first.out_channels,
        first.kernel_size,  # type: ignore[arg-type]
        first.stride,  # type: ignore[arg-type]
        first.padding,  # type: ignore[arg-type]
        bias=first.bias is not None,
    )
    parent, _, last = name.rpartition(".")
    setattr(module.get_submodule(parent), last, _built(lambda: stem))
    return module


@dataclass(frozen=True)
class Asked:
    """A file of weights for a network, and what was said of it."""

    source: str
    network: str
    wanted: Description


def _from_file(build: Build, checkpoint: Checkpoint, asked: Asked) -> Source:
    """A network with the weights of a file, with as many classes and channels as they have."""
    wanted = asked.wanted
    module, fitted = load_into(
        checkpoint,
        build,
        classes=IMAGENET_CLASSES,
        source=asked.source,
        network=asked.network,
        asked=wanted.checkpoint,
        ignore=(*_TRAINING_ALONE, *wanted.ignore),
    )
    names, notes = _names(fitted.classes), fitted.notes
    count = (
        fitted.classes or IMAGENET_CLASSES
    )  # another thousand classes than ImageNet's have their names, too
    if not wanted.classes and (kept := checkpoint.class_names(count)):
        names, notes = list(kept), (*notes, f"The names of its {len(kept)} classes are the file’s own.")
    return Source(module, None, names, fitted.channels or COLOURS, notes)


def _channels(wanted: Description) -> int | None:
    return wanted.channels or len(wanted.mean) or len(wanted.std) or None


def _check_published(network: str, named: str, classes: int, wanted: Description) -> None:
    """Raise WeightsError for a network that is to differ from what a library's weights were trained for: parts would be random."""
    if not classes:
        raise WeightsError(
            f"{network}: its weights {named} are features without a classifier; choose others of its weights"
        )
    if wanted.classes and len(wanted.classes) != classes:
        raise WeightsError(
            f"{network}: its weights {named} have {classes} classes, and {len(wanted.classes)} are named; "
            "give your own weights of that many, or leave the names out"
        )
    if _channels(wanted) not in (None, 3):
        raise WeightsError(
            f"{network}: its weights {named} read 3 channels, not {_channels(wanted)}; give your own weights"
        )


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


def from_timm(
    name: str, weights: str | Path | None, wanted: Description, renamed: Renamed | None = None
) -> Source:
    """`renamed`: puts a state of a file under timm's names for the module."""
    import timm

    network = f"timm:{name}"
    if not timm.is_model(name):
        raise UnknownNameError(f"timm has no network {name!r}{nearest(name, timm.list_models())}")
    if tag := _library_name(network, weights):
        if tag != DEFAULT:
            name = f"{name.partition('.')[0]}.{tag}"
        config = timm.get_pretrained_cfg(name)
        _check_published(network, tag, config.num_classes if config else IMAGENET_CLASSES, wanted)
        where = config.url or f"https://huggingface.co/{config.hf_hub_id}" if config else "the weights"
        module = _download(lambda: timm.create_model(name, pretrained=True), f"timm:{name}", str(where))
        return Source(module, _config(module), _names(getattr(module, "num_classes", None)))

    def build(classes: int | None, channels: int | None) -> nn.Module:
        options = {**_classes(classes), **({} if channels in (None, 3) else {"in_chans": channels})}
        return _built(lambda: _of_size(name, options, wanted.size))

    if weights is None:
        module = build(len(wanted.classes) or None, _channels(wanted))
        return Source(module, _config(module), _names(getattr(module, "num_classes", None)))
    checkpoint = read_checkpoint(weights)
    if renamed:
        module = build(None, None)
        states = {path: renamed(state, module) for path, state in checkpoint.states.items()}
        checkpoint = replace(checkpoint, states=states)
    source = _from_file(build, checkpoint, Asked(str(weights), network, wanted))
    return replace(source, preprocessing=_config(source.module))


def _of_size(name: str, options: dict[str, Any], size: tuple[int, int] | None) -> nn.Module:
    """A network of timm's for photos of a size: transformers have to know it, and others do not take it."""
    import timm

    if size is None:
        return timm.create_model(name, **options)
    try:
        return timm.create_model(name, img_size=size, **options)
    except TypeError:
        return timm.create_model(name, **options)


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
