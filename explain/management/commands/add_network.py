"""Add a network: load it once, check it, keep how to load it again."""

from typing import Any

from django.core.management.base import CommandParser

from explain.cam.loading.names import is_program
from explain.core.commands import Answer, AnswerCommand
from explain.networks import add_network


class Command(AnswerCommand):
    help = "Add a network by name. It is loaded once and checked; the same network again changes nothing."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the network is called here")
        parser.add_argument(
            "--load",
            required=True,
            help="torchvision:resnet50, timm:NAME, package:squeezenet1_1, package:efficientnet_lite0, or a .pt2 file "
            "by torch.export with --trust-code",
        )
        parser.add_argument("--layer", help="where it is cut; the last convolutional output by default")
        parser.add_argument(
            "--weights",
            help="a .pth or .safetensors file; DEFAULT (what the library takes today, the default) or another name that it has "
            "for weights, such as IMAGENET1K_V1; or random",
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
        **_: Any,
    ) -> Answer:
        network, is_new = add_network(
            name=name, load=load, layer=layer, weights=weights, trust_code=trust_code
        )
        size = " × ".join(str(side) for side in network.preprocessing["size"])
        data = {
            "network": network.name,
            "load": network.load,
            "weights": network.weights if network.weights and not is_program(network.load) else "its own",
            "layer": network.layer,
            "classes": len(network.class_names),
            "input": size,
            "weights_sha256": network.weights_sha256,
            "added": is_new,
        }
        columns = ("network", "layer", "classes", "input", "weights")
        return Answer(
            data=data | {"preprocessing": network.preprocessing},
            header=columns,
            rows=[[data[name] for name in columns]],
            notes=[] if is_new else [f"{network.name} was there already, and is the same."],
        )
