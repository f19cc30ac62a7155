"""Maps that workers compute of a network's features, by one of the methods of explain.cam."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from explain.cam import InputError
from explain.cam.names import OWN, SIGNS, MethodSpec, base_name, fault_of_method, known_methods
from explain.maps import Classes, crop_of
from explain.models import ExplanationMap, Image, Network
from explain.photos import label_targets

from .interface import ArmFacts, Box, KeyReader, Keys, Made, MapOrigin, MapSource, Pipeline

NAMED_ONE_BY_ONE = 100  # photos; SQLite gives up on a look-up of very many


class Computed(MapSource):
    """`{ network, method }`: the source of every arm that names no other."""

    name = "computed"
    keys = ("network", "method")  # and `parameters`, which become part of the method's word
    made_by_workers = True
    by_class = True
    methods_in_words: ClassVar[Mapping[str, str]] = {
        "grad-cam": "Weighs each channel by how fast the score changes with it. The usual baseline.",
        "grad-cam++": "Grad-CAM with weights that follow several instances of an object better.",
        "finer-cam": "Grad-CAM of what tells the class from the three most like it.",
        "hirescam": "Multiplies gradient and feature cell by cell, so a map shows only what was used.",
        "layer-cam": "Keeps positive gradients cell by cell; finer at early layers.",
        "xgrad-cam": "Grad-CAM with gradients weighed by each cell’s share of its channel.",
        "eigen-cam": "What the features have most in common, whatever the class. No gradients.",
        "full-grad": "What every bias of the network adds to the score, at the photo’s own resolution.",
        "score-cam": "Weighs a channel by the score of the photo masked with it. Slow: one pass for each channel.",
        "rise": "Averages random masks of the photo, each by the score that it leaves. Very slow: 4,000 passes a photo.",
        "occlusion": "How far the score drops when a square of the photo is covered. Slow: one pass for each of 169 squares.",
        "ablation-cam": "Weighs a channel by how far the score drops when it is set to zero. No gradients.",
        "ablation-cam++": "Ablation-CAM on groups of similar channels, to need fewer passes.",
        "pixel-ablation-cam": "Weighs each cell by how far the score drops when it is set to zero. The paper’s own method.",
        "pixel-ablation-cam/authors": "The same as in the authors’ published code: weights are stretched to 0…1 first.",
        "pixel-ablation-cam/weights": "The cells’ weights alone, without the features.",
        "recipro-cam": "Weighs each cell by the score that it gives on its own. No gradients.",
    }

    def is_named_by(self, keys: Keys) -> bool:
        return True

    def read(self, table: KeyReader) -> dict[str, str]:
        return {"network": table.slug("network"), "method": table.method("method", "parameters")}

    def sign_of(self, keys: Keys) -> str:
        """Maps of our own methods are positive by definition; all others may have values below zero."""
        spec = _spec(keys)
        return "" if spec is None or spec.name in OWN else str(spec.parameters.get("sign", SIGNS[0]))

    def with_sign(self, keys: dict[str, str], sign: str) -> dict[str, str]:
        spec = _spec(keys)
        if spec is None or spec.name in OWN or "sign" in spec.parameters or sign == SIGNS[0]:
            return keys
        return {**keys, "method": str(MethodSpec(spec.name, {**spec.parameters, "sign": sign}))}

    def fault(self, keys: Keys) -> str:
        return fault_of_method(word_of(keys))

    def short_name(self, keys: Keys, among: Sequence[Keys]) -> str:
        """What differs between the arms: the method, the network, or both."""
        network, method = keys.get("network", ""), word_of(keys)
        if len({other.get("network", "") for other in among}) == 1:
            return method
        if len({word_of(other) for other in among}) == 1:
            return network
        return f"{network} {method}"

    def pipeline(self, keys: Keys) -> Pipeline | None:
        return Pipeline(keys.get("network", ""), word_of(keys))

    def maps_of(self, keys: Keys, images: Sequence[Image]) -> dict[int, ExplanationMap]:
        """The newest map of each photo's label among the network's classes, at the layer that the network is cut at."""
        network = _named(keys)
        if network is None or not images:
            return {}
        targets, newest = label_targets(images, network), _newest(keys, network, images)
        return {
            image.pk: newest[image.pk, targets[image.pk]]
            for image in images
            if (image.pk, targets[image.pk]) in newest
        }

    def maps_of_classes(
        self, keys: Keys, images: Sequence[Image], classes: Classes
    ) -> dict[int, list[ExplanationMap]]:
        network = _named(keys)
        newest = {} if network is None or not images else _newest(keys, network, images)
        return {
            image.pk: [newest[image.pk, target] for target in classes[image.pk]]
            for image in images
            if image.pk in classes and all((image.pk, target) in newest for target in classes[image.pk])
        }

    def maps_in_words(self, keys: Keys) -> str:
        return f"maps of {word_of(keys)} by {keys['network']}"

    def command(self, image_set: str, arms: Sequence[Keys]) -> str:
        networks = ",".join(dict.fromkeys(keys["network"] for keys in arms))
        methods = ",".join(dict.fromkeys(word_of(keys) for keys in arms))
        return f"manage.py precompute {image_set} --networks {networks} --methods {methods}"

    def columns(self, keys: Keys, networks: Mapping[str, Network]) -> dict[str, Any]:
        return {"network": networks[keys["network"]], "method": word_of(keys)}

    def owns(self, row: Made) -> bool:
        return True

    def keys_of(self, row: Made) -> dict[str, str]:
        return {"network": _network_of(row).name, "method": row.method}

    def extent(self, row: ExplanationMap, image: Image) -> Box:
        """What the network saw of the photo."""
        return crop_of(_network_of(row), image)

    def sealed(self, arm: Made) -> tuple[str, str]:
        return _network_of(arm).weights_sha256, arm.method

    def facts(self, arm: Made) -> ArmFacts:
        network = _network_of(arm)
        return ArmFacts(
            network.name,
            network.load,
            network.layer,
            arm.method,
            network.weights_sha256,
            citation_of(arm),
            network.is_random,
        )

    def origin(self, row: ExplanationMap) -> MapOrigin:
        network = _network_of(row)
        return MapOrigin(
            network=network.name,
            weights_sha256=network.weights_sha256,
            layer=row.layer,
            method=row.method,
            target=row.target,
            parameters_hash=row.parameters_hash,
            manifest=row.manifest,
        )

    def telltales(self, arm: Made) -> set[str]:
        network = _network_of(arm)
        return {
            arm.method,
            base_name(arm.method),
            network.name,
            network.layer,
            network.load,
            network.weights_sha256,
        }


def word_of(keys: Keys) -> str:
    """The method of an arm with its parameters, as rows have it: whether the protocol has them in the word or in a table."""
    method, table = keys.get("method", ""), keys.get("parameters")
    if not table or not isinstance(table, Mapping) or not isinstance(method, str):
        return method
    try:
        spec = MethodSpec.of(method)
        return str(MethodSpec(spec.name, {**spec.parameters, **table}))
    except InputError:
        return method


def _spec(keys: Keys) -> MethodSpec | None:
    try:
        return MethodSpec.of(word_of(keys))
    except InputError:
        return None


def citation_of(arm: Made) -> str:
    """Who made an arm's method: of one that is not ours what its maps keep, so that it is there when the method has gone."""
    name = base_name(arm.method)
    if name in OWN:
        return OWN[name].citation
    newest = ExplanationMap.objects.filter(network=arm.network, method=arm.method).order_by("-id")
    brought = (newest.values_list("manifest", flat=True).first() or {}).get("brought", {})
    if not brought:
        known = known_methods().get(name)
        return known.citation if known else ""
    package = " ".join(filter(None, [brought.get("package"), brought.get("version")]))
    return (
        f"{brought['citation']} ({package})"
        if package and package not in brought["citation"]
        else brought["citation"]
    )


def _network_of(row: Made) -> Network:
    assert row.network is not None, f"{row} is of no network"
    return row.network


def _named(keys: Keys) -> Network | None:
    return Network.objects.filter(name=keys.get("network", "")).first()


def _newest(
    keys: Keys, network: Network, images: Sequence[Image]
) -> dict[tuple[int, int | None], ExplanationMap]:
    """The newest map of each photo, by its key, and each class."""
    rows = ExplanationMap.objects.filter(
        network=network, method=word_of(keys), layer=network.layer, **_photos(images)
    )
    return {(row.image_id, row.target): row for row in rows.defer("values").order_by("id")}


def _photos(images: Sequence[Image]) -> dict[str, Any]:
    """The filter of maps for photos of one set: a few are named, of many the whole set is taken."""
    if len(images) <= NAMED_ONE_BY_ONE:
        return {"image__in": images}
    return {"image__image_set": images[0].image_set_id}
