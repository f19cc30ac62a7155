"""All six common methods together, against one plain no-grad forward pass of the same batch."""

import sys

import torch

from bench.timing import options, pairs, report
from explain.cam import Network, explain

SIX = ["grad-cam", "grad-cam++", "hirescam", "layer-cam", "ablation-cam", "pixel-ablation-cam"]
NETWORKS = {
    "torchvision:resnet50": None,
    "package:efficientnet_lite0": None,
    "torchvision:vgg16": "features.30",
    "package:squeezenet1_1": None,
    "torchvision:densenet121": None,
    "torchvision:mobilenet_v3_large": None,
    "torchvision:convnext_tiny": None,
    "torchvision:regnet_y_400mf": None,
    "torchvision:googlenet": None,
}


def row(spec: str, layer: str | None, count: int, repeats: int) -> dict:
    net = Network.load(spec, layer=layer)
    batch = torch.randn(count, 3, *net.preprocessing.size)

    def plain() -> None:
        with torch.no_grad():
            net.module(batch)

    found = pairs(plain, lambda: explain(net, batch, SIX), repeats)
    print(f"  {spec} × {count}: {found['ratio']}", file=sys.stderr, flush=True)
    return {"network": spec.split(":")[1], "layer": net.layer, "head": net.head.kind, "batch": count, **found}


def main() -> None:
    quick = options().quick
    report(
        [
            row(spec, layer, count, repeats=(3 if quick else 7) if count > 1 else (7 if quick else 25))
            for spec, layer in NETWORKS.items()
            for count in (1, 16)
        ]
    )


if __name__ == "__main__":
    main()
