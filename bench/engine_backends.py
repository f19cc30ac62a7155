"""All six methods with the trunk in another program, against one plain eager PyTorch forward pass, at batch 8."""

import sys
import tempfile

import torch

from bench.engine_speed import SIX
from bench.timing import options, pairs, report
from explain.cam import Network, explain

NETWORKS = ("package:efficientnet_lite0", "package:squeezenet1_1", "torchvision:resnet50")


def main() -> None:
    repeats = 5 if options().quick else 9
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        for spec in NETWORKS:
            eager = Network.load(spec)
            batch = torch.randn(8, 3, *eager.preprocessing.size)

            def plain(module=eager.module, batch=batch) -> None:
                with torch.no_grad():
                    module(batch)

            for backend in ("torch", "openvino", "onnxruntime"):
                net = Network.load(spec, backend=backend, cache=cache)
                found = pairs(plain, lambda net=net, batch=batch: explain(net, batch, SIX), repeats)
                print(f"  {spec} {backend}: {found['ratio']}", file=sys.stderr, flush=True)
                rows.append({"network": spec.split(":")[1], "backend": backend, "batch": 8, **found})
    report(rows, ("openvino", "onnxruntime"))


if __name__ == "__main__":
    main()
