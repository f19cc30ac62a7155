"""The paper's figures by their numbers: what each is made of where nothing else is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from explain.core.errors import BadInputError
from explain.models import Image, ImageSet, Network
from explain.networks import load_network

from ..evaluate import EvaluationProgress, ask_for_evaluation
from ..layers import cells_by_layer, layers_to_measure
from . import maps, photos
from .ablation import channel_against_cell
from .by_layer import by_layer
from .page import Figure

GRAD, ABLATION, GROUPED, PIXEL = "grad-cam", "ablation-cam", "ablation-cam++", "pixel-ablation-cam"
LAYERS = "layers"
MOST_CELLS = 200  # of a layer that is shown where none is named: one with more takes many seconds for a photo


@dataclass(frozen=True)
class Kind:
    """methods: those of the paper's figure; none where they are not asked for. networks: how many it is of."""

    about: str
    photos: Callable[[ImageSet, Sequence[Network]], list[Image]] = field(repr=False)
    make: Callable[["Wanted", Sequence[EvaluationProgress]], Figure] = field(repr=False)
    methods: tuple[str, ...] = ()
    networks: int = 1
    one_method: bool = False


@dataclass(frozen=True)
class Wanted:
    """A figure that is asked for, every choice made: the same again gives the same figure."""

    number: str
    image_set: ImageSet
    images: tuple[Image, ...]
    networks: tuple[Network, ...]
    methods: tuple[str, ...]
    layers: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The command that makes it, without the file that it goes to."""
        methods = ["--methods", ",".join(self.methods)] if self.methods else []
        layers = ["--layers", ",".join(self.layers)] if self.layers else []
        names = [image.original_name for image in self.images]
        networks = ",".join(network.name for network in self.networks)
        return ["paper_figure", self.number, str(self.image_set), "--networks", networks, *methods, *layers, "--photos", *names]  # fmt: skip


KINDS = {
    "1": Kind(
        "a channel ablated against a cell ablated, on one photo",
        lambda image_set, networks: photos.photos_spread(image_set, 1, networks),
        lambda wanted, asked: channel_against_cell(wanted.images[0], wanted.networks[0]),
    ),
    "2": Kind(
        "heat maps of four methods",
        lambda image_set, networks: photos.photos_spread(image_set, 5, networks),
        lambda wanted, asked: maps.heat_maps(wanted.images, asked[0]),
        (GRAD, ABLATION, GROUPED, PIXEL),
    ),
    "3": Kind(
        "explanation maps, where a class has several instances",
        lambda image_set, networks: photos.photos_of_several(image_set),
        lambda wanted, asked: maps.explanation_maps(wanted.images, asked[0]),
        (GRAD, PIXEL),
    ),
    "4": Kind(
        "what maps leave at three thresholds, beside the boxes",
        lambda image_set, networks: photos.photos_for_localisation(image_set),
        lambda wanted, asked: maps.localisation(wanted.images, asked[0]),
        (GRAD, PIXEL),
    ),
    "5": Kind(
        "one method's maps of two networks",
        lambda image_set, networks: photos.photos_spread(image_set, 2, networks),
        lambda wanted, asked: maps.two_networks(wanted.images, asked),
        (PIXEL,),
        networks=2,
        one_method=True,
    ),
    LAYERS: Kind(
        "section 4.5: maps at the last layer and at earlier ones",
        lambda image_set, networks: photos.photos_spread(image_set, 3, networks),
        lambda wanted, asked: by_layer(wanted.images, wanted.networks[0], wanted.layers),
    ),
}
NO_PHOTOS = {
    "3": "no photo has two boxes or more, so none is known to show several instances; import boxes (import_images --boxes), or name photos with --photos",
    "4": "no photo has a box in its frame, so there is nothing to localise; import boxes (import_images --boxes), or name photos with --photos",
}


def want_figure(
    number: str,
    *,
    image_set: ImageSet,
    networks: Sequence[Network],
    methods: Sequence[str] = (),
    names: Sequence[str] = (),
    layers: Sequence[str] = (),
) -> Wanted:
    """What a figure is to be made of; photos and methods by rule where none are named. Raises BadInputError."""
    if number not in KINDS:
        raise BadInputError(f"there is no figure {number}; choose from {', '.join(KINDS)}")
    kind = KINDS[number]
    _check(number, kind, networks, methods, layers)
    images = photos.photos_named(image_set, names) if names else kind.photos(image_set, networks)
    if not images:
        none = "the set has no photos; bring some in with manage.py import_images"
        raise BadInputError(f"{image_set}: {NO_PHOTOS.get(number, none)}")
    return Wanted(
        number,
        image_set,
        tuple(images),
        tuple(networks),
        tuple(methods) or kind.methods,
        _layers(networks[0], layers) if number == LAYERS else (),
    )


def _check(
    number: str, kind: Kind, networks: Sequence[Network], methods: Sequence[str], layers: Sequence[str]
) -> None:
    """Refuse what does not go with the figure."""
    if len(networks) != kind.networks:
        many = "one network" if kind.networks == 1 else f"{kind.networks} networks"
        raise BadInputError(f"--networks: figure {number} is of {many}; name so many")
    if methods and not kind.methods:
        raise BadInputError(f"--methods: figure {number} has methods of its own; leave --methods out")
    if kind.one_method and len(methods) > 1:
        raise BadInputError(f"--methods: figure {number} is of one method; name one")
    if layers and number != LAYERS:
        raise BadInputError(
            f"--layers: figure {number} is of the layer that its network was added with; leave --layers out"
        )


def _layers(network: Network, layers: Sequence[str]) -> tuple[str, ...]:
    """The layers that are named, which the network must have; else its own and the next earlier ones of few cells."""
    net = load_network(network)
    cells = cells_by_layer(net)
    if unknown := [layer for layer in layers if layer not in cells]:
        raise BadInputError(
            f"--layers: {network} has no layer {', '.join(unknown)} to be cut at; choose from {', '.join(cells)}"
        )
    return tuple(layers or layers_to_measure(net, MOST_CELLS))


def make_figure(wanted: Wanted) -> Figure:
    """The figure. Raises BadInputError where a map is missing, and says how to make it."""
    asked = ask_for_evaluation(
        networks=wanted.networks, methods=wanted.methods or (PIXEL,), protocol="paper", target="label"
    )
    return KINDS[wanted.number].make(wanted, asked)
