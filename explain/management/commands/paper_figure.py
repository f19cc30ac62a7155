"""The paper's figures 1 to 5 on any photos and networks, as SVG or PNG."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand
from explain.evaluation import FIGURES, check_figure_path, make_figure, want_figure, write_figure
from explain.networks import find_networks
from explain.photos import find_set


class Command(AnswerCommand):
    help = (
        "Make one of the paper's figures from photos and maps that are there: "
        + "; ".join(f"{number} {kind.about}" for number, kind in FIGURES.items())
        + ". It is laid out for the width of a page; the same command gives the same file."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", choices=list(FIGURES), metavar="FIGURE", help=", ".join(FIGURES))
        parser.add_argument("set_name", metavar="SET")
        parser.add_argument(
            "--networks", required=True, help="a name; for figure 5 two, separated by a comma"
        )
        parser.add_argument(
            "--methods", default="", help="names, separated by commas, in place of the paper's own"
        )
        parser.add_argument(
            "--layers", default="", help="for figure layers: names of layers, separated by commas"
        )
        parser.add_argument(
            "--photos",
            nargs="+",
            default=[],
            metavar="NAME",
            help="photos by their names in the set, in place of those that a rule takes",
        )
        parser.add_argument("--to", type=Path, required=True, metavar="FILE.svg", help="or FILE.png")

    def run(
        self,
        *,
        number: str,
        set_name: str,
        networks: str,
        methods: str,
        layers: str,
        photos: list[str],
        to: Path,
        **_: Any,
    ) -> Answer:
        check_figure_path(to)
        wanted = want_figure(
            number,
            image_set=find_set(set_name),
            networks=find_networks(networks),
            methods=_names(methods),
            layers=_names(layers),
            names=photos,
        )
        figure = make_figure(wanted)
        write_figure(path=to, figure=figure)
        names = [image.original_name for image in wanted.images]
        return Answer(
            data={
                "figure": number,
                "file": str(to),
                "set": wanted.image_set.name,
                "networks": [network.name for network in wanted.networks],
                "methods": list(wanted.methods),
                "layers": list(wanted.layers),
                "photos": names,
                "maps": list(figure.maps),
            },
            header=("figure", "file", "networks", "photos"),
            rows=[[number, str(to), networks, ", ".join(names)]],
        )


def _names(text: str) -> list[str]:
    return [name for name in map(str.strip, text.split(",")) if name]
