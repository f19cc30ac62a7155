"""Networks as rows: how to load each, checked once by loading it. No torch until one is loaded."""

import hashlib
import json
import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError

from explain import cam
from explain.cam.loading.description import Description
from explain.cam.loading.description import described as beside
from explain.cam.loading.names import is_program
from explain.cam.loading.published import PublishedWeights, identified, published, weights_name
from explain.cam.preprocessing import Preprocessing
from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.models import Network

if TYPE_CHECKING:
    from explain.cam.network import Network as LoadedNetwork

log = logging.getLogger(__name__)
DEFAULT, RANDOM = "DEFAULT", "random"
TRUSTED = "sha256:"  # in place of weights, for a program by torch.export: the file that was trusted
KEPT_LOADED = 2  # networks per worker process: a run goes through one after the other


def add_network(
    *,
    name: str,
    load: str = "",
    layer: str | None = None,
    weights: str | None = None,
    trust_code: bool = False,
    described: Mapping[str, Any] | None = None,
) -> tuple[Network, bool]:
    """Load a network once, check it, and keep what it takes to load it again: (row, whether it is new).

    `weights` is DEFAULT (the library's own, the default for torchvision and timm), another of the library's weights by
    its name there (IMAGENET1K_V1), `random`, or a path; packaged networks bring theirs. The same network under the same
    name again changes nothing. `trust_code` takes a program by torch.export, which runs what its maker wrote; the row keeps
    which file that was, and no other is loaded by it. `described` is what it reads and says (cam/loading/description.py), and goes
    before a network.toml beside the weights. Raises BadInputError or CamError, in one line.
    """
    try:
        validate_slug(name)
    except ValidationError as error:
        raise BadInputError(
            f"network {name}: a name has letters, digits, - and _ only; choose another"
        ) from error
    description = description_of(weights, described)
    load = load or description.load
    if not load:
        raise BadInputError(
            f"network {name}: nothing says what it is; give --load, such as torchvision:resnet18"
        )
    stored = stored_weights(load, weights)
    trusted = _trusted_file(load) if trust_code else None
    net = cam.Network.load(
        load,
        weights=stored or None,
        layer=layer,
        device="cpu",
        trust_code=trusted or False,
        description=description,
    )
    check_crop(name, net)
    row = Network(
        name=name,
        load=load,
        weights=f"{TRUSTED}{trusted}" if trusted else stored,
        layer=net.layer,
        class_names=list(net.class_names or []),
        preprocessing=net.preprocessing.to_json(),
        said=description.kept(),
        notes=list(net.notes),
        weights_sha256=net.weights_sha256,
    )
    return _add(row)


def description_of(weights: str | None, said: Mapping[str, Any] | None) -> Description:
    """What is said of a network, and where that is silent what network.toml beside its weights says. Raises CamError."""
    path = Path(weights) if weights else None
    return Description.of(said or {}).over(beside(path))


def stored_weights(load: str, weights: str | None) -> str:
    if weights is None:
        return DEFAULT if load.startswith(("torchvision:", "timm:")) else ""
    if weights.lower() in (RANDOM, "none", ""):
        return ""
    if weights.upper() == DEFAULT:
        return DEFAULT
    if name := weights_name(load, weights):
        return name
    return str(Path(weights).absolute())  # a worker may run in another folder


def check_weights_name(load: str, weights: str) -> None:
    """Refuse what is no name of the library for weights of `load`: a path too, even one that is there.

    For names that come from a page: nobody there may name a file of this machine. Raises BadInputError or WeightsError.
    """
    if weights.upper() == DEFAULT or weights.lower() == RANDOM:
        return
    if not published(load):
        raise BadInputError(f"{load} has no weights by name; leave the name empty, or upload a file")
    if weights_name(load, weights) is None:
        raise BadInputError(f"“{weights}” is no name of weights of {load}; upload a file instead")


def megabytes_to_fetch(load: str, weights: str | None) -> float | None:
    """How large the library's weights are that `stored_weights` means; None where it does not say, and for other weights."""
    known = identified(load, stored_weights(load, weights))
    return known.megabytes if known is not None else None


def _trusted_file(load: str) -> str | None:
    """The SHA-256 of a program by torch.export; None for what runs no code, and for a file that is not there."""
    path = Path(load)
    return hashlib.sha256(path.read_bytes()).hexdigest() if is_program(load) and path.is_file() else None


def check_crop(name: str, net: "LoadedNetwork") -> None:
    """Raise BadInputError for a network that cannot be given photos, or does not see all of the frame in which maps are shown."""
    if net.preprocessing.channels not in (1, 3):
        raise BadInputError(
            f"network {name}: it reads {net.preprocessing.channels} channels, and photos have 1 (grey) or 3; bring its maps from"
            " files instead"
        )
    try:
        render.place(np.zeros((1, 1)), net.crop_box(1000, 1000), render.frame_box(1000, 1000))
    except cam.CamError as error:
        raise BadInputError(f"network {name}: {error}") from error


def _add(row: Network) -> tuple[Network, bool]:
    known = Network.objects.filter(name=row.name).first()
    if known is None:
        try:
            row.save()
        except IntegrityError:  # another command was faster
            known = Network.objects.get(name=row.name)
        else:
            return row, True
    differences = [
        f"{field} {str(getattr(known, field))[:120]} there, {str(getattr(row, field))[:120]} here"
        for field in ("load", "layer", "weights_sha256", "preprocessing", "said", "class_names")
        if getattr(known, field) != getattr(row, field)
    ]
    if differences:
        raise BadInputError(
            f"network {row.name}: the name is taken by another network ({'; '.join(differences)}); choose another name"
        )
    if known.weights != row.weights:  # the same weights in another place
        known.weights = row.weights
        known.save(update_fields=["weights"])
    return known, False


def torch_device() -> str:
    """TORCH_DEVICE of the settings; `auto` is the first GPU if there is one."""
    import torch

    if settings.TORCH_DEVICE != "auto":
        return settings.TORCH_DEVICE
    return "cuda" if torch.cuda.is_available() else "cpu"


def trunk_backends(device: str) -> tuple[str, ...]:
    """TRUNK_BACKEND of the settings as the programs to try, in this order: the first that is as exact as it must be runs.

    `auto` tries what is installed. Torch comes last in any case, and alone on a GPU: the others run on the CPU.
    """
    from explain.cam.backends import EXPORTED, is_installed

    asked = settings.TRUNK_BACKEND
    if asked == "torch" or device != "cpu":
        return ("torch",)
    return (*(filter(is_installed, EXPORTED) if asked == "auto" else (asked,)), "torch")


def absent_backend() -> str | None:
    """The program that TRUNK_BACKEND names where it is not installed here. Imports torch."""
    from explain.cam.backends import is_installed

    asked = settings.TRUNK_BACKEND
    return None if asked in ("torch", "auto") or is_installed(asked) else asked


def load_network(row: Network) -> "LoadedNetwork":
    """The network of a row, kept in this process. BadInputError if its weights are not those that were added.

    By the program that TRUNK_BACKEND names; where that is refused by torch, and a warning says why.
    """
    device = torch_device()
    identity = (row.name, row.load, row.weights, row.layer, row.weights_sha256)
    read = json.dumps((row.class_names, row.preprocessing, row.said))
    return _load(*identity, device, trunk_backends(device), read)


@lru_cache(maxsize=KEPT_LOADED)
def _load(
    name: str,
    load: str,
    weights: str,
    layer: str,
    sha256: str,
    device: str,
    backends: tuple[str, ...],
    read: str,
) -> "LoadedNetwork":
    class_names, preprocessing, said = json.loads(read)
    trusted = weights.removeprefix(TRUSTED) if is_program(load) and weights.startswith(TRUSTED) else None
    net = cam.Network.load(
        load,
        weights=None if trusted else weights or None,
        layer=layer,
        device=device,
        backend=backends,
        cache=settings.TRUNKS_DIR,
        trust_code=trusted or False,
        class_names=None if "classes" in said else class_names,
        preprocessing=Preprocessing.from_json(preprocessing),
        description=Description.of(said),
    )
    for refusal in net.refused.values():
        log.warning("network %s runs on %s: %s", name, net.backend, refusal)
    if net.weights_sha256 != sha256:
        raise BadInputError(
            f"network {name}: its weights have changed since it was added (SHA-256 {net.weights_sha256[:12]}…, "
            f"was {sha256[:12]}…); put the old file back, or add the new weights under another name"
        )
    return net


def published_weights(row: Network) -> PublishedWeights | None:
    """Which of its library's weights a network has; None where they are others, or nothing tells that they are not."""
    return identified(row.load, row.weights)


def has_weights_of(load: str, file: str) -> bool:
    """Whether `file` is among the weights that a library publishes for `load`: whether it is that architecture."""
    return any(one.file == file for one in published(load).values())


def default_weights(load: str) -> PublishedWeights | None:
    """The weights that a library takes today for `torchvision:NAME` or `timm:NAME` where none are named."""
    return next((one for one in published(load).values() if one.default), None)


def find_networks(names: str) -> list[Network]:
    """The networks of a list of names separated by commas, in its order. BadInputError where there is no such network."""
    return [_find_network(name.strip()) for name in names.split(",") if name.strip()]


def _find_network(name: str) -> Network:
    network = Network.objects.filter(name=name).first()
    if network is None:
        known = ", ".join(Network.objects.values_list("name", flat=True)) or "none yet"
        raise BadInputError(
            f"there is no network “{name}” (there is: {known}); add it with manage.py add_network"
        )
    return network
