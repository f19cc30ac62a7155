"""Peak memory above the network's own, at batch 16, each network in a process of its own (Linux)."""

import argparse
import json
import subprocess
import sys

import torch

from bench.engine_speed import SIX
from bench.timing import report
from explain.cam import Network, explain

NETWORKS = {"torchvision:resnet50": "layer4", "torchvision:vgg16": "features.30"}


def status(field: str) -> float:
    """Megabytes, from /proc/self/status: VmRSS is now, VmHWM the peak."""
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith(field))
    return int(line.split()[1]) / 1024


def peak(spec: str, layer: str) -> dict:
    net = Network.load(spec, layer=layer)
    batch = torch.randn(16, 3, *net.preprocessing.size)
    before = status("VmRSS")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak starts again from here
    explain(net, batch, SIX)
    return {"network": spec.split(":")[1], "batch": 16, "peak_mb": round(status("VmHWM") - before)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--one")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.one:
        print(json.dumps(peak(options.one, NETWORKS[options.one])))
        return
    rows = []
    for spec in NETWORKS:
        command = [
            sys.executable,
            "-m",
            "bench.engine_memory",
            "--threads",
            str(options.threads),
            "--one",
            spec,
        ]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    report(rows)


if __name__ == "__main__":
    main()
