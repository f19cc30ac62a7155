"""A small real network with random weights, the same each time. Each process loads it once: the row says the same again."""

from django.forms.models import model_to_dict

from explain.models import Network
from explain.networks.registry import add_network

TINY = "timm:test_efficientnet"  # a thousand classes, 160 pixels, milliseconds
# name and layer -> the fields of its row, as loading it the first time told us
_told: dict[tuple[str, str | None], dict[str, object]] = {}


def small_network(name: str = "tiny", layer: str | None = None) -> Network:
    import torch

    torch.set_num_threads(1)
    if told := _told.get((name, layer)):
        return Network.objects.create(**told)
    row, _ = add_network(name=name, load=TINY, weights="random", layer=layer)
    _told[name, layer] = model_to_dict(row)
    return row
