"""Layers from the last to early ones, one for each size of the features. Imports torch when it runs."""

from typing import TYPE_CHECKING

from explain.cam import CamError

if TYPE_CHECKING:
    from explain.cam.network import Network as LoadedNetwork

MOST_CELLS = 56 * 56


def layers_to_measure(net: "LoadedNetwork", most_cells: int = MOST_CELLS) -> list[str]:
    """The layer that the network is cut at; the next one of its size where only the general form fits; and of each larger
    size up to `most_cells` the last stage. From the last to the earliest."""
    sizes = cells_by_layer(net)
    own = sizes.get(net.layer, 0)
    names = list(reversed(sizes))
    before = names[names.index(net.layer) + 1 :] if net.layer in sizes else names
    chosen = [net.layer]
    of_own_size = [name for name in before if sizes[name] == own]
    chosen += next(([name] for name in _stages_first(net, of_own_size) if _is_general(net, name)), [])
    for cells in sorted({cells for cells in sizes.values() if own < cells <= most_cells}):
        same = [name for name in before if sizes[name] == cells]
        chosen += next(([name] for name in _stages_first(net, same) if _can_cut(net, name)), [])
    return chosen


def cells_by_layer(net: "LoadedNetwork") -> dict[str, int]:
    """Every layer that the network can be cut at, in the order of running, and how many cells it has."""
    from explain.cam.layers import layers_of

    return {name: height * width for name, _, height, width in layers_of(net)}


def cut_at(net: "LoadedNetwork", layer: str, head: str | None = None) -> "LoadedNetwork":
    """The same network cut at another layer; `head` names a form of its head, by default the fastest that fits."""
    return net.like(layer=layer, head=head)


def _stages_first(net: "LoadedNetwork", names: list[str]) -> list[str]:
    """Parts that are made of parts first (a bare convolution has its norm and activation still before it), of those the
    shortest names: layer3 before layer3.5.conv1. The deepest first among equals."""
    parts = dict(net.module.named_modules())
    return sorted(names, key=lambda name: (not any(parts[name].children()), name.count(".")))


def _is_general(net: "LoadedNetwork", layer: str) -> bool:
    try:
        return cut_at(net, layer).head.kind == "general"
    except CamError:
        return False


def _can_cut(net: "LoadedNetwork", layer: str) -> bool:
    try:
        cut_at(net, layer)
    except CamError:  # a layer beside which something else goes through
        return False
    return True
