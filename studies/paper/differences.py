"""What differs from the paper, row by row: reckoned from what is stored, and never remembered.

Where the paper is silent and its authors' public code is not, the code counts as printed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from explain.evaluation import EvaluationProtocol
from explain.models import ImageSet, Network, Precompute
from explain.networks import default_weights, has_weights_of, published_weights
from explain.selection import f1_by_class

from . import printed
from .inputs import TARGET
from .printed import NetworkOfTheirs


@dataclass(frozen=True)
class Difference:
    """One row of the design.

    there, here  in the paper, and what was done
    brief        what differs, for the stamp; empty where it does not, or where the paper does not say
    """

    what: str
    there: str
    here: str
    brief: str = ""

    @property
    def is_said(self) -> bool:
        """Whether the paper, or its authors' public code, says anything of it."""
        return not self.there.startswith("not said") or "public code" in self.there


def number_row(
    what: str, printed_number: float, here: float, *, there: str = "", words: str = ""
) -> Difference:
    """A row of two numbers; it differs where they do."""
    brief = "" if here == printed_number else f"{what.lower()} {here:,} ({printed_number:,})"
    return Difference(what, there or f"{printed_number:,}", words or f"{here:,}", brief)


def rows_on_tables(
    image_set: ImageSet, pairs: Sequence[tuple[Network, str]], protocols: Sequence[EvaluationProtocol]
) -> list[Difference]:
    """What tables 1 and 2 rest on. `pairs`: each network and the one of the paper's that it stands for."""
    photos = image_set.images.count()
    theirs = image_set.images.filter(original_name__contains=printed.PHOTO_NAMES).count()
    classes = image_set.images.order_by().values("class_name").distinct().count()
    rows = [
        number_row(
            "Photos",
            printed.PHOTOS,
            photos,
            there=f"ImageNet 2012 validation data, which has {printed.PHOTOS:,}; whether all were used is not said",
            words=f"the set {image_set}, {photos:,}",
        ),
        Difference(
            "Photos by name",
            f"{printed.PHOTO_NAMES}…",
            f"{theirs:,} of {photos:,} are called so",
            "" if theirs == photos else f"{photos - theirs:,} photos not called as ImageNet’s validation photos are",
        ),
        number_row(
            "Classes", printed.CLASSES, classes, there=f"not said; the validation data has {printed.CLASSES:,}"
        ),
    ]  # fmt: skip
    for network, stands_for in pairs:
        rows += _network_rows(network, stands_for)
    return [*rows, _mask_row(protocols), _target_row(image_set, [network for network, _ in pairs]), NOT_SAID]


def same_weights(network: Network, theirs: NetworkOfTheirs) -> bool:
    """Whether a network has the published weights of theirs, whatever it is called here."""
    known = published_weights(network)
    return known is not None and known.file == theirs.file


def same_layer(network: Network, theirs: NetworkOfTheirs) -> bool:
    """Whether it is cut where theirs is: a layer of another architecture that is called so is another."""
    return network.layer in theirs.layers and has_weights_of(network.load, theirs.file)


def weights_in_words(network: Network) -> str:
    """Which weights a network has, by the library's name for them and by their hash."""
    known = published_weights(network)
    if known is not None:
        named = f"{network.weights} is {known.name}" if network.weights != known.name else known.name
        told = f"weights {named} ({known.file}{_facts(known.accuracy, known.resize)})"
    else:
        told = _unpublished(network)
    return f"{network.name}: {network.load}, {told}, SHA-256 {network.weights_sha256[:12]}…"


def _unpublished(network: Network) -> str:
    if network.weights:
        return f"weights {network.weights.rpartition('/')[2]}, which are none that its library publishes"
    return "the weights that come with it" if network.load.startswith("package:") else "random weights"


def weights_of_today() -> list[str]:
    """For each network of theirs of which torchvision takes other weights today where none are named: that it does."""
    told = []
    for name, theirs in printed.NETWORKS.items():
        today = default_weights(theirs.load)
        if today is not None and today.file != theirs.file:
            told.append(
                f"What torchvision loads today for {name} where no weights are named is {today.name} "
                f"({_facts(today.accuracy, today.resize)[2:]}): another network than {theirs.weights}."
            )
    return told


def _facts(accuracy: float | None, resize: int | None) -> str:
    right = f", {100 * accuracy:.1f} % of ImageNet’s photos right" if accuracy is not None else ""
    return right + (f", photos resized to {resize}" if resize is not None else "")


def _network_rows(network: Network, stands_for: str) -> list[Difference]:
    theirs = printed.NETWORKS[stands_for]
    squash = (
        network.preprocessing.get("resize") is None
        and network.preprocessing.get("size") == [theirs.squash] * 2
    )
    return [
        Difference(
            f"{stands_for}: weights",
            f"pre-trained on ImageNet; the public code loads torchvision’s {theirs.weights} ({theirs.file})",
            weights_in_words(network),
            "" if same_weights(network, theirs) else f"{stands_for}: other weights ({network.name})",
        ),
        Difference(
            f"{stands_for}: layer",
            f"the last convolutional layer; {theirs.cut} in the public code",
            network.layer,
            "" if same_layer(network, theirs) else f"{stands_for}: layer {network.layer} ({theirs.layers[0]})",
        ),
        Difference(
            f"{stands_for}: input",
            f"not said; the public code resizes every photo to {theirs.squash} × {theirs.squash}, whatever its shape",
            input_in_words(network),
            "" if squash else f"{stands_for}: photos cropped, not squashed",
        ),
    ]  # fmt: skip


def input_in_words(network: Network) -> str:
    """What a photo goes through before the network sees it."""
    if not network.preprocessing:
        return "not on record"
    height, width = network.preprocessing["size"]
    resize = network.preprocessing.get("resize")
    if resize is None:
        return f"resized to {height} × {width}, whatever its shape"
    return f"shorter side to {resize}, of that the central {height} × {width}"


def _mask_row(protocols: Sequence[EvaluationProtocol]) -> Difference:
    as_printed = [one.name for one in protocols if _is_printed_mask(one)]
    others = [one.name for one in protocols if not _is_printed_mask(one)]
    here = [f"as printed under {', '.join(as_printed)}"] if as_printed else []
    here += [f"another mask or fill under {', '.join(others)}"] if others else []
    kept = f"the top {printed.SHARE_KEPT:.0%} of pixels as they are, the rest 0".replace("%", " %")
    return Difference(
        "Explanation map", kept, "; ".join(here), "" if as_printed else "no table under the printed mask"
    )


def _is_printed_mask(protocol: EvaluationProtocol) -> bool:
    return (protocol.mask, protocol.share, protocol.fill) == ("top", printed.SHARE_KEPT, "black")


def _target_row(image_set: ImageSet, networks: Sequence[Network]) -> Difference:
    """The label here, the network's top class in their code: the same for photos that the network gets right."""
    here, others = [Precompute.Target(TARGET).label.replace("'", "’")], 0
    for network in networks:
        table = f1_by_class(image_set=image_set, network=network)
        right = sum(row.true_positives for row in table.classes)
        others += table.photos - right
        here.append(f"{network.name}’s top class as well on {right:,} of {table.photos:,} photos")
    return Difference(
        "Class that is explained",
        "not said; the public code explains the network’s top class",
        "; ".join(here),
        "the label is explained where it is not the top class" if others else "",
    )


NOT_SAID = Difference(
    "Score ≤ 0",
    "not said; equation 6 has no meaning there",
    "left out of drops in activation, and counted",
)
