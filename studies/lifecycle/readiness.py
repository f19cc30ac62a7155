"""A study from its protocol, and its items once all maps are there."""

from django.db import transaction

from explain.models import ExplanationMap, Image, Network
from explain.photos import label_targets
from studies.models import Arm, Item, ItemMap, Study
from studies.protocol import (
    Code,
    Fault,
    Protocol,
    ProtocolError,
    choose_photos,
    chosen_images,
    find_networks,
    precompute_command,
)

from . import check_maps


class MissingMapsError(ProtocolError):
    """Photos and networks are here, but not every map."""


def create_study(*, protocol: Protocol) -> Study:
    """Make a study that is ready to open: arms, items and the map of every arm on every item; all or nothing.

    Raises:
        ProtocolError: the slug is taken, a set, network, class or map does not exist; with the remedy.
    """
    if Study.objects.filter(slug=protocol.slug).exists():
        raise ProtocolError(Fault(("slug",), Code.SLUG_TAKEN, {"slug": protocol.slug}))
    study = Study(slug=protocol.slug)
    with transaction.atomic():
        make_ready(study=study, protocol=protocol)
    return study


def make_ready(*, study: Study, protocol: Protocol) -> None:
    """Give a draft what its protocol asks for. Raises ProtocolError and changes nothing where something is missing."""
    networks = find_networks(protocol)
    images = chosen_images(choose_photos(protocol))
    check_labels(images, list(networks.values()))
    maps = _maps(protocol, networks, images)
    check_maps.check_boxes(images, protocol.attention_checks)
    with transaction.atomic():
        for name in Study.SAME_IN_PROTOCOL:
            setattr(study, name, getattr(protocol, name))
        study.protocol, study.state = protocol.source, Study.State.READY
        study.save()
        arms = [
            Arm.objects.create(
                study=study, index=index, name=plan.name, network=networks[plan.network], method=plan.method
            )
            for index, plan in enumerate(protocol.arms)
        ]
        items = Item.objects.bulk_create(
            Item(study=study, index=index, image=image) for index, image in enumerate(images)
        )
        ItemMap.objects.bulk_create(
            ItemMap(item=item, arm=arm, map=maps[item.image_id, arm.network_id, arm.method])
            for item in items
            for arm in arms
        )


def check_labels(photos: list[Image], networks: list[Network]) -> None:
    for network in networks:
        targets = label_targets(photos, network)
        if unknown := {image.class_name for image in photos if targets[image.pk] is None}:
            strange = {"network": network.name, "classes": sorted(unknown)}
            raise ProtocolError(Fault(("photos", "set"), Code.NETWORK_KNOWS_NOT, strange))


def _maps(
    protocol: Protocol, networks: dict[str, Network], images: list[Image]
) -> dict[tuple[int, int, str], ExplanationMap]:
    """The newest map of each photo for each arm, of the photo's label among the network's classes, at its layer."""
    found: dict[tuple[int, int, str], ExplanationMap] = {}
    missing = []
    for arm in protocol.arms:
        network = networks[arm.network]
        rows = ExplanationMap.objects.filter(
            network=network,
            method=arm.method,
            layer=network.layer,
            image__image_set__name=protocol.photo_set,
        )
        targets = label_targets(images, network)
        for row in rows.defer("values").order_by("id"):
            if row.target == targets.get(row.image_id):
                found[row.image_id, network.pk, arm.method] = row
        lacking = sum((image.pk, network.pk, arm.method) not in found for image in images)
        if lacking:
            of = {"photos": len(images), "method": arm.method, "network": arm.network}
            missing.append(Fault(("arms",), Code.MAPS_MISSING, {"missing": lacking, **of}))
    if missing:
        first = Fault((), Code.RUN_FIRST, {"command": precompute_command(protocol)})
        raise MissingMapsError(*missing, first)
    return found
