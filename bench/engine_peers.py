"""The same map by other libraries, on one photo. ResNet-50 at layer4.

pytorch-grad-cam's AblationCAM runs the network once for each of 2,048 channels. --quick asks it for an eighth of them
and multiplies by eight; the report says so.
"""

import contextlib
import io
import sys

import numpy as np
import torch
from captum.attr import LayerFeatureAblation, LayerGradCam, Occlusion
from pytorch_grad_cam import AblationCAM, GradCAM, ScoreCAM
from pytorch_grad_cam.ablation_layer import AblationLayer
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torchcam.methods import GradCAM as TorchcamGradCAM
from torchcam.methods import ScoreCAM as TorchcamScoreCAM

from bench.timing import options, report, seconds
from explain.cam import Network, explain

TARGET = 281
SLOW = ("score-cam", "occlusion")  # a minute each, so once


class Spread(AblationLayer):
    """The library's own layer, but its ratio takes channels evenly, so that the work is a known part."""

    def activations_to_be_ablated(self, activations, ratio_channels_to_ablate=1.0):
        step = round(1 / ratio_channels_to_ablate)
        self.indices = np.arange(0, len(activations), step, dtype=np.int32)
        return self.indices


def quiet(run) -> None:
    with contextlib.redirect_stderr(io.StringIO()):
        run()


def main() -> None:
    quick = options().quick
    net = Network.load("torchvision:resnet50")
    module, layer = net.module, net.module.layer4
    photo = torch.randn(1, 3, 224, 224)
    target = [ClassifierOutputTarget(TARGET)]

    def ours(name: str) -> float:
        if name not in SLOW:
            explain(net, photo, [name], targets=[TARGET])
        times = 1 if name in SLOW else 15
        return min(seconds(lambda: explain(net, photo, [name], targets=[TARGET])) for _ in range(times))

    def peer(library: str, method: str, ours_name: str, run, times: int = 1, part: int = 1) -> dict:
        taken = part * min(seconds(lambda: quiet(run)) for _ in range(times))
        mine = ours(ours_name)
        print(f"  {library} {method}: {taken / mine:.0f} ×", file=sys.stderr, flush=True)
        return {
            "library": library,
            "method": method,
            "ours": ours_name,
            "peer_ms": round(1000 * taken, 1),
            "ours_ms": round(1000 * mine, 2),
            "times_faster": round(taken / mine, 1),
            "note": f"measured on 1/{part} of the channels, × {part}" if part > 1 else "",
        }

    rows = few_passes(module, layer, photo, target, peer, quick=quick)
    rows += [] if quick else many_passes(module, layer, photo, target, peer)
    report(rows, ("grad-cam", "captum", "torchcam"))


def few_passes(module, layer, photo, target, peer, *, quick: bool) -> list[dict]:
    """Methods that run the head: the network itself is run once."""
    cells = torch.arange(49).view(1, 1, 7, 7)
    grad_cam = GradCAM(module, [layer])
    ablation = AblationCAM(
        module, [layer], ablation_layer=Spread(), ratio_channels_to_ablate=1 / 8 if quick else 1.0
    )
    return [
        peer("pytorch-grad-cam", "GradCAM", "grad-cam", lambda: grad_cam(photo, target), 5),
        peer(
            "captum",
            "LayerGradCam",
            "grad-cam",
            lambda: LayerGradCam(module, layer).attribute(photo, TARGET),
            5,
        ),
        peer(
            "torchcam", "GradCAM", "grad-cam", lambda: torchcam_map(TorchcamGradCAM, module, layer, photo), 5
        ),
        peer(
            "captum",
            "LayerFeatureAblation, 49 cells",
            "pixel-ablation-cam",
            lambda: LayerFeatureAblation(module, layer).attribute(
                photo, target=TARGET, layer_mask=cells, perturbations_per_eval=7
            ),
        ),
        peer(
            "pytorch-grad-cam",
            "AblationCAM, 2,048 channels",
            "ablation-cam",
            lambda: ablation(photo, target),
            part=8 if quick else 1,
        ),
    ]


def many_passes(module, layer, photo, target, peer) -> list[dict]:
    """Methods that run the whole network many times: minutes each. None of the libraries has RISE."""
    score = ScoreCAM(module, [layer])
    score.batch_size = 8
    occlude = Occlusion(module)
    shape, strides = (3, 32, 32), (3, 16, 16)
    return [
        peer("pytorch-grad-cam", "ScoreCAM, 2,048 channels", "score-cam", lambda: score(photo, target)),
        peer(
            "torchcam",
            "ScoreCAM, 2,048 channels",
            "score-cam",
            lambda: torchcam_map(TorchcamScoreCAM, module, layer, photo),
        ),
        peer(
            "captum",
            "Occlusion, 169 squares",
            "occlusion",
            lambda: occlude.attribute(photo, shape, strides=strides, target=TARGET, perturbations_per_eval=8),
        ),
    ]


def torchcam_map(method, module, layer, photo) -> None:
    with method(module, layer) as extractor:
        scores = module(photo)
        extractor(TARGET, scores)


if __name__ == "__main__":
    main()
