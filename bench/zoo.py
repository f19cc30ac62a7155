"""Networks of timm with random weights, each cut where the engine cuts it unasked: right, refused, or wrong in silence.

python -m bench zoo, or python -m bench.zoo NAME … for some of them. Two judges that know nothing of the engine's ways: brute force (the
whole network in float64 with cells and channels of the layer's output set to 0 by a hook) and a moving patch (squares of the photo are
changed one by one, and the cells that answer must lie there). Random weights of a last layer that begins with zeros are drawn anew,
and batch norms take their statistics from noise. Networks over 200 MB of float32 weights are left out.
"""

import argparse
import json
import sys
import warnings

import torch
from torch import Tensor, nn

from bench.timing import machine
from explain.cam import CamError, Network, explain

SIZE, CLASSES, MOST_BYTES = 96, 7, 200e6
TOLERANCE = 1e-6
NAMES = [
    "vit_tiny_patch16_224",
    "deit_tiny_patch16_224",
    "deit_tiny_distilled_patch16_224",
    "deit3_small_patch16_224",
    "vit_small_patch14_dinov2",
    "vit_small_patch14_reg4_dinov2",
    "vit_base_patch32_clip_224",
    "eva02_tiny_patch14_224",
    "swin_tiny_patch4_window7_224",
    "swinv2_tiny_window8_256",
    "swinv2_cr_tiny_ns_224",
    "maxvit_pico_rw_256",
    "coatnet_pico_rw_224",
    "levit_128s",
    "pit_ti_224",
    "cait_xxs24_224",
    "hiera_tiny_224",
    "beit_base_patch16_224",
    "resnet10t",
    "resnet18",
    "resnest14d",
    "resnet50_clip",
    "convnext_atto",
    "convnextv2_atto",
    "mixer_s16_224",
    "resmlp_12_224",
    "gmlp_ti16_224",
    "mambaout_femto",
    "sequencer2d_s",
    "volo_d1_224",
    "xcit_nano_12_p16_224",
    "crossvit_tiny_240",
    "tnt_s_patch16_224",
    "nest_tiny",
    "mvitv2_tiny",
    "poolformer_s12",
    "edgenext_xx_small",
    "efficientformer_l1",
    "efficientvit_b0",
    "mobilevit_xxs",
    "fastvit_t8",
    "repvit_m0_9",
    "densenet121",
    "dla34",
    "efficientnet_b0",
    "mobilenetv3_small_050",
    "regnetx_002",
    "repvgg_a0",
    "ghostnet_100",
    "hrnet_w18_small",
    "inception_v4",
    "vgg11",
    "xception41",
    "tf_efficientnet_lite0",
    "convit_tiny",
    "twins_pcpvt_small",
    "pvt_v2_b0",
    "coat_tiny",
    "visformer_tiny",
    "davit_tiny",
    "focalnet_tiny_srf",
    "gcvit_xxtiny",
    "samvit_base_patch16",
    "convmixer_768_32",
    "lcnet_050",
    "rexnet_100",
    "selecsls42",
    "skresnet18",
    "tinynet_e",
    "cspresnet50",
    "dpn48b",
    "ese_vovnet19b_dw",
    "nf_regnet_b0",
    "test_vit",
    "test_vit3",
    "test_resnet",
    "test_convnext",
    "test_efficientnet",
]


def judged(name: str) -> dict:
    """One network's row: name, verdict, and why."""
    row = {"network": name, "layer": "", "cells": "", "worst": None, "patch": None, "note": ""}
    try:
        module, size = built(name)
    except Exception as problem:
        return row | {"verdict": "not built", "note": str(problem).splitlines()[0][:100]}
    weight = 4 * sum(value.numel() for value in module.parameters())
    if weight > MOST_BYTES:
        return row | {"verdict": "too large", "note": f"{weight / 1e6:.0f} MB"}
    try:
        net = Network(module, size=size, dtype=torch.float64)
        photo = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
        worst = largest_error(module, net, photo)
        patch = agreement(net, photo)
        if patch <= 0.5 and worst < TOLERANCE:
            patch, row["note"] = (
                patch_at_own_size(name, module, net.layer),
                f"{row['note']}patch at its own size",
            )
    except CamError as refusal:
        return row | {"verdict": "refused", "note": str(refusal)}
    except Exception as problem:
        return row | {"verdict": "failed", "note": f"{type(problem).__name__}: {str(problem)[:120]}"}
    right = worst < TOLERANCE and patch > 0.5
    row |= {"layer": net.layer, "cells": net.cells, "worst": worst, "patch": round(patch, 3)}
    return row | {"verdict": "right" if right else "wrong in silence"}


def built(name: str) -> tuple[nn.Module, tuple[int, int]]:
    """The network in float64 at a small input where it takes one, and that input's size."""
    import timm

    torch.manual_seed(0)
    fixed = bool(timm.get_pretrained_cfg(name).fixed_input_size)
    own = timm.get_pretrained_cfg(name).input_size[-2:]
    size = own
    try:
        module = timm.create_model(name, num_classes=CLASSES, **({"img_size": SIZE} if fixed else {}))
        size = (SIZE, SIZE) if fixed else (128, 128)
    except Exception:  # not every network takes another size
        module = timm.create_model(name, num_classes=CLASSES)
    module = module.double().eval()
    try:
        module(torch.zeros(1, 3, *size, dtype=torch.float64))
    except Exception:
        module, size = timm.create_model(name, num_classes=CLASSES).double().eval(), own
    _settle(module, size)
    return module, size


@torch.no_grad()
def _settle(module: nn.Module, size: tuple[int, int]) -> None:
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d) and not part.weight.any():
            nn.init.normal_(part.weight, std=0.05)
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None
            part.train()
    module(torch.randn(2, 3, *size, dtype=torch.float64))
    module.eval()


@torch.no_grad()
def largest_error(module: nn.Module, net: Network, photo: Tensor) -> float:
    """Of a few cells and channels, the largest difference from brute force, as a share of the spread of the class scores."""
    out = explain(net, photo, ["pixel-ablation-cam", "ablation-cam"])
    target, scores = int(out.targets), out.logits[0]
    height, width = out.drops["cell"].shape[1:]
    layout, errors, sizes = net.layout, [], []

    def lost(clear) -> Tensor:
        def hook(_module, _inputs, output):
            features = layout.of_cells(output).clone()
            clear(features)
            return layout.output_of(features, layout.rest_of(output))

        handle = module.get_submodule(net.layer).register_forward_hook(hook)
        left = module(photo)[0, target]
        handle.remove()
        return scores[target] - left

    for cell in spread(height * width):
        i, j = divmod(cell, width)
        expected = lost(lambda features, i=i, j=j: features[:, :, i, j].zero_())
        errors.append(out.drops["cell"][0, i, j] * scores[target].abs() - expected)
        sizes.append(expected.abs())
    for channel in spread(out.drops["channel"].shape[1]):
        expected = lost(lambda features, k=channel: features[:, k].zero_())
        errors.append(out.drops["channel"][0, channel] * scores[target].abs() - expected)
        sizes.append(expected.abs())
    if not float(max(sizes)):
        return float("inf")  # nothing was ablated: nothing is shown
    return float(torch.stack(errors).abs().max() / (scores.max() - scores.min()).clamp_min(max(sizes)))


def patch_at_own_size(name: str, module: nn.Module, layer: str) -> float:
    """The patch's verdict where every cell of a small photo sees all of it, and random weights drown what is near."""
    import timm

    size = timm.get_pretrained_cfg(name).input_size[-2:]
    _settle(module, size)
    photo = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    return agreement(Network(module, layer=layer, size=size, dtype=torch.float64), photo)


def spread(count: int, most: int = 4) -> list[int]:
    return sorted({round(x) for x in torch.linspace(0, count - 1, min(count, most)).tolist()})


@torch.no_grad()
def agreement(net: Network, photo: Tensor, squares: int = 4) -> float:
    """The lower of two correlations: of the cells' rows with where squares that they answer to lie, and of their columns."""
    plain = net.features(photo)
    high, wide = photo.shape[2] // squares, photo.shape[3] // squares
    answers, at = [], []
    for row in range(squares):
        for column in range(squares):
            changed = photo.clone()
            changed[:, :, row * high : (row + 1) * high, column * wide : (column + 1) * wide].neg_()
            answers.append((net.features(changed) - plain).square().sum(1)[0])
            at.append((row, column))
    answers, at = torch.stack(answers), torch.tensor(at, dtype=torch.float64)
    middles = torch.einsum("phw,pa->ahw", answers / answers.sum(0).clamp_min(1e-300), at)
    rows = torch.arange(plain.shape[2], dtype=torch.float64)[:, None].expand(plain.shape[2:])
    columns = torch.arange(plain.shape[3], dtype=torch.float64).expand(plain.shape[2:])
    pairs = [(middles[0], rows), (middles[1], columns)]
    return min(float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1]) for a, b in pairs)


def markdown(results: dict) -> str:
    part = results["zoo"]
    counts: dict[str, int] = {}
    for row in part["rows"]:
        counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
    lines = [
        "# Networks of timm, cut where the engine cuts them unasked",
        "",
        f"Written by `python -m bench zoo`. {len(part['rows'])} networks of timm {part['versions']['timm']} with random weights, in float64: "
        + ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items(), key=lambda c: -c[1]))
        + ".",
        *_not_run({row["network"] for row in part["rows"]}),
        "",
        "Worst: the largest difference from brute force, as a share of the spread of the class scores. Patch: how well the cells that answer lie "
        "where the photo was changed (a correlation).",
        "",
        "| network | verdict | layer | cells | worst | patch | note |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in part["rows"]:
        worst = "" if row["worst"] is None else f"{row['worst']:.0e}"
        patch = "" if row["patch"] is None else f"{row['patch']:.2f}"
        lines.append(
            f"| {row['network']} | {row['verdict']} | {row['layer']} | {row['cells']} | {worst} | {patch} | {row['note']} |"
        )
    return "\n".join([*lines, ""])


def _not_run(judged: set[str]) -> list[str]:
    """What a run that was stopped, or that was asked for some of them, says nothing about."""
    left = [name for name in NAMES if name not in judged]
    return [f"Of the list {len(left)} were not run: {', '.join(left)}."] if left else []


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "names", nargs="*", help="networks of timm; a list of some families where none is named"
    )
    parser.add_argument("--quick", action="store_true", help="the first dozen")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    import timm

    rows = []
    for name in options.names or NAMES[: 12 if options.quick else None]:
        rows.append(judged(name))
        print(f"  {name}: {json.dumps(rows[-1])}", file=sys.stderr, flush=True)
    versions = {"timm": timm.__version__, "torch": torch.__version__}
    print(json.dumps({"rows": rows, "machine": machine(), "versions": versions}))


if __name__ == "__main__":
    main()
