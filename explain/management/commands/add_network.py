"""Add a network: load it once, check it, keep how to load it again."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from explain.cam.loading.names import is_program
from explain.cam.preprocessing import INTERPOLATIONS
from explain.core.commands import Answer, AnswerCommand
from explain.models import Network
from explain.networks import add_network

RANDOM_WORDS = "Its weights are random: nobody has trained it, and its maps mean nothing."
DESCRIBED: tuple[str, ...] = (
    "classes",
    "size",
    "resize",
    "mean",
    "std",
    "interpolation",
    "channels",
    "order",
    "score",
    "output",
)
DESCRIBED += ("checkpoint", "ignore")


class Command(AnswerCommand):
    help = "Add a network by name. It is loaded once and checked; the same network again changes nothing."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the network is called here")
        parser.add_argument(
            "--load",
            default="",
            help="torchvision:resnet50, timm:NAME, package:squeezenet1_1, package:efficientnet_lite0, onnx:file "
            "(with --weights net.onnx), or a .pt2 file "
            "by torch.export with --trust-code; it may stand in network.toml instead",
        )
        parser.add_argument("--layer", help="where it is cut; the last convolutional output by default")
        parser.add_argument(
            "--weights",
            help="a .pth or .safetensors file; DEFAULT (what the library takes today, the default) or another name that it has "
            "for weights, such as IMAGENET1K_V1; or random",
        )
        parser.add_argument(
            "--classes",
            help="names of its classes in the order of its scores, separated by commas, or a .txt file with one a line",
        )
        parser.add_argument("--size", help="what it reads, in pixels: 224, or height and width, 224x320")
        parser.add_argument(
            "--resize", help="the short edge before the crop, in pixels; 0 squashes the whole photo"
        )
        parser.add_argument("--mean", help="of each channel for values 0 to 1: 0.485,0.456,0.406")
        parser.add_argument(
            "--std", help="the same for the deviation; one value for a network that reads grey"
        )
        parser.add_argument("--interpolation", help=", ".join(INTERPOLATIONS))
        parser.add_argument("--channels", help="1 (grey) or 3; read from a file of weights by itself")
        parser.add_argument("--order", help="of the colours: rgb or bgr")
        parser.add_argument("--score", help="softmax: one of its classes; sigmoid: each class for itself")
        parser.add_argument(
            "--output", help="which of several outputs has the class scores, by name or place"
        )
        parser.add_argument(
            "--checkpoint", help="which entry of the file of weights is taken, where there are several"
        )
        parser.add_argument(
            "--ignore", help="beginnings of names in that file which the network runs without"
        )
        parser.add_argument(
            "--trust-code",
            action="store_true",
            help="take a .pt2 file: it runs what its maker wrote, here and on every worker, so know who that is",
        )

    def run(
        self,
        *,
        name: str,
        load: str,
        layer: str | None,
        weights: str | None,
        trust_code: bool,
        **options: Any,
    ) -> Answer:
        network, is_new = add_network(
            name=name,
            load=load,
            layer=layer,
            weights=weights,
            trust_code=trust_code,
            described=_described(options),
        )
        size = " × ".join(str(side) for side in network.preprocessing["size"])
        data = {
            "network": network.name,
            "load": network.load,
            "weights": _weights(network),
            "layer": network.layer,
            "classes": len(network.class_names),
            "input": size,
            "weights_sha256": network.weights_sha256,
            "is_random": network.is_random,
            "notes": network.notes,
            "added": is_new,
        }
        columns = ("network", "layer", "classes", "input", "weights")
        return Answer(
            data=data | {"preprocessing": network.preprocessing},
            header=columns,
            rows=[[data[name] for name in columns]],
            notes=[
                *([] if is_new else [f"{network.name} was there already, and is the same."]),
                *network.notes,
                *([self.style.ERROR(RANDOM_WORDS)] if network.is_random else []),
            ],
        )


def _described(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say of the network; names of classes may lie in a file."""
    said = {key: options[key] for key in DESCRIBED if options.get(key)}
    path = Path(said.get("classes", ""))
    if path.suffix == ".txt" and path.is_file():
        said["classes"] = path.read_text("utf-8-sig", errors="replace")
    return said


def _weights(network: Network) -> str:
    if network.is_random:
        return "random weights"
    return network.weights if network.weights and not is_program(network.load) else "its own"
