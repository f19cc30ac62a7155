"""The paper's figures in the report, each with the command that makes it again, to the byte."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from explain.core.errors import BadInputError
from explain.evaluation import figure_as_svg, make_figure, want_figure
from explain.models import Network
from explain.photos import find_set

from . import stages
from .inputs import Inputs

# as the paper has them: its figures 1 and 2 are of ResNet-50, 3 is of VGG-16, 5 of both; of 4 it does not say
OF_FIRST, OF_SECOND = (0,), (1,)
NETWORKS_OF = (("1", OF_FIRST), ("2", OF_FIRST), ("3", OF_SECOND), ("4", OF_FIRST), ("4", OF_SECOND), ("5", (0, 1)))  # fmt: skip


@dataclass(frozen=True)
class FigurePart:
    """One figure of the report: its SVG and its command, or why there is none."""

    number: str
    networks: str
    svg: SafeString | str
    command: str
    why_not: str = ""


def figure_parts(inputs: Inputs) -> list[FigurePart]:
    """The figures in the order of their numbers."""
    return list(_parts(inputs, stages.all_networks(inputs)[:2]))


def _parts(inputs: Inputs, networks: Sequence[Network]) -> Iterator[FigurePart]:
    for number, places in NETWORKS_OF:
        photos = [image.original_name for image in stages.figure_photos(inputs)] if number == "4" else []
        yield _part(inputs, number, [networks[place] for place in places], photos)


def layers_part(inputs: Inputs) -> FigurePart:
    """Maps at the last layer and at earlier ones, of the first network."""
    return _part(inputs, "layers", stages.all_networks(inputs)[:1], [])


def _part(inputs: Inputs, number: str, networks: Sequence[Network], photos: Sequence[str]) -> FigurePart:
    names = [network.name for network in networks]
    try:
        wanted = want_figure(number, image_set=find_set(inputs.set_name), networks=networks, names=photos)
        svg = figure_as_svg(make_figure(wanted))
    except BadInputError as error:
        return FigurePart(number, " and ".join(names), "", "", str(error))
    words = ["python", "manage.py", *wanted.words, "--to", f"figure-{number}-{'-'.join(names)}.svg"]
    return FigurePart(number, " and ".join(names), svg, shlex.join(words))
