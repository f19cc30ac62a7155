"""`evaluate` on the sample photos, against as many plain forward passes: what reading, masking and storing cost.

Everything lies in a database and a folder of its own that are removed at the end. The maps are made first and not timed.
"""

import sys
import time
from pathlib import Path

from bench.own_site import in_own_site

METHODS = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]
NETWORKS = {"efficientnet-lite0": "package:efficientnet_lite0", "squeezenet1-1": "package:squeezenet1_1"}
PROTOCOLS = ("paper", "soft", "authors")
FLOOR = 0.8
BATCH = 16


def main() -> None:
    in_own_site(_measure)


def _measure() -> None:
    from django.core.management import call_command

    from bench.timing import options, report
    from explain.maps import runs
    from explain.maps.batches import run_pending
    from explain.networks.registry import add_network
    from explain.photos.importer import import_images

    repeats = 1 if options().quick else 3
    call_command("migrate", verbosity=0)
    photos = import_images(path=Path("samples/photos"), set_name="samples").image_set
    networks = [add_network(name=name, load=load)[0] for name, load in NETWORKS.items()]
    run_pending(
        runs.plan_run(image_set=photos, networks=networks, methods=METHODS), lambda: print(".", end="", file=sys.stderr)
    )  # fmt: skip
    report([_row(photos, network, protocol, repeats) for network in networks for protocol in PROTOCOLS])


def _row(photos, network, protocol: str, repeats: int) -> dict:
    from explain.evaluation import evaluate
    from explain.models import Evaluation
    from explain.networks.registry import load_network

    asked = evaluate.ask_for_evaluation(
        networks=[network], methods=METHODS, protocol=protocol, target="label"
    )
    passes = photos.images.count() * (1 + len(METHODS))
    net = load_network(network)
    pairs = []
    for _ in range(repeats):
        Evaluation.objects.all().delete()
        start = time.perf_counter()
        evaluate.run_evaluation(
            evaluate.plan_evaluation(image_set=photos, asked=asked), lambda done, total: None
        )
        ours = time.perf_counter() - start
        pairs.append((_plain(net, passes), ours))
    shares = sorted(plain / ours for plain, ours in pairs)
    plain, ours = min(pairs, key=lambda pair: pair[1])
    print(f"  {network} {protocol}: {shares}", file=sys.stderr, flush=True)
    return {
        "network": network.name,
        "protocol": protocol,
        "passes": passes,
        "plain_per_second": round(passes / plain, 1),
        "evaluate_per_second": round(passes / ours, 1),
        "share": round(shares[len(shares) // 2], 3),
    }


def _plain(net, passes: int) -> float:
    """Seconds of so many plain no-grad forward passes of the network, in batches, on noise."""
    import torch

    batch = torch.randn(BATCH, 3, *net.preprocessing.size)
    start = time.perf_counter()
    with torch.no_grad():
        for first in range(0, passes, BATCH):
            net.module(batch[: min(BATCH, passes - first)])
    return time.perf_counter() - start


def markdown(results: dict) -> str:
    part = results["evaluation"]
    machine = part["machine"]
    lines = [
        "# `evaluate` against as many plain forward passes",
        "",
        f"Written by `python -m bench evaluation`. {machine['cpu']}, {machine['cores']} cores, load average at the end {machine['load']}. The sample photos, methods {', '.join(METHODS)}: reading and decoding photos, masks, scores, and rows in the database are all "
        f"counted. Plain passes in batches of {BATCH}.",
        "",
        "| network | protocol | passes | plain, a second | `evaluate`, a second | share | bound |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for row in part["rows"]:
        kept = "kept" if row["share"] >= FLOOR else "MISSED"
        lines.append(
            f"| {row['network']} | {row['protocol']} | {row['passes']} | {row['plain_per_second']} | {row['evaluate_per_second']} | "
            f"{row['share']:.2f} | ≥ {FLOOR}: {kept} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
