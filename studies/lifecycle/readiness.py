"""A study from its protocol, and its items once all maps are there."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction

from explain import map_sources
from explain.models import ExplanationMap, Image, Network
from explain.photos import label_targets, misfits_among
from studies.models import Arm, Item, ItemMap, ItemPanel, Study
from studies.protocol import (
    ArmPlan,
    Code,
    Fault,
    Protocol,
    ProtocolError,
    check_protocol,
    choose_classes,
    choose_photos,
    chosen_images,
    faults_of_methods,
    find_networks,
    find_set,
    precompute_command,
    untitled_remark,
)
from studies.trial_types import trial_type_of

from . import check_maps
from .predictions import predictions_for


class MissingMapsError(ProtocolError):
    """Photos and networks are here, but not every map."""

    @property
    def workers_can_help(self) -> bool:
        """Whether workers make all that is missing; else somebody has to bring maps in."""
        return all(fault.code != Code.BRING_FIRST for fault in self.faults)


def create_study(*, protocol: Protocol) -> Study:
    """Make a study that is ready to open: arms, items and the map of every arm on every item; all or nothing.

    Raises:
        ProtocolError: the slug is taken, a set, network, class or map does not exist; with the remedy.
    """
    study = Study(slug=protocol.slug)
    with new_study(protocol.slug):
        make_ready(study=study, protocol=protocol)
    return study


@contextmanager
def new_study(slug: str) -> Iterator[None]:
    """A transaction that stores a study of this name; all or nothing.

    Raises ProtocolError where the name is taken, by somebody else at this very moment too: the database says so when it is
    stored, and what it says is put into words.
    """
    taken = ProtocolError(Fault(("slug",), Code.SLUG_TAKEN, {"slug": slug}))
    if Study.objects.filter(slug=slug).exists():
        raise taken
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if Study.objects.filter(slug=slug).exists():
            raise taken from error
        raise


def make_ready(*, study: Study, protocol: Protocol) -> None:
    """Give a draft what its protocol asks for. Raises ProtocolError and changes nothing where something is missing."""
    networks = find_networks(protocol)
    images = chosen_images(choose_photos(protocol))
    check_labels(images, list(networks.values()))
    predictions = predictions_for(protocol, images, list(networks.values()))
    maps = maps_for(protocol, images, predictions)
    seen = [(image, predictions.get(image.pk)) for image in images]
    check_maps.check_boxes(
        check_maps.checkable(protocol, seen, protocol.attention_checks), protocol.attention_checks
    )
    with transaction.atomic():
        _check_still_so(study)
        for name in Study.SAME_IN_PROTOCOL:
            setattr(study, name, getattr(protocol, name))
        study.protocol, study.nonce, study.state = protocol.source, protocol.nonce, Study.State.READY
        study.save()
        arms = [
            Arm.objects.create(
                study=study, index=index, name=plan.name, **plan.source.columns(plan.keys, networks)
            )
            for index, plan in enumerate(protocol.arms)
        ]
        items = Item.objects.bulk_create(
            Item(study=study, index=index, image=image, prediction=predictions.get(image.pk))
            for index, image in enumerate(images)
        )
        _show(items, arms, maps)


def _check_still_so(study: Study) -> None:
    """Raise ProtocolError where somebody has stopped or changed the study meanwhile; from here nobody can."""
    row = Study.objects.select_for_update().filter(pk=study.pk).first() if study.pk else None
    if row is not None and row.state != study.state:
        state = {"study": row.slug, "state": row.get_state_display()}
        raise ProtocolError(Fault((), Code.MADE_ALREADY, state))


def untitled(study: Study) -> list[str]:
    """A remark on classes that volunteers would read in English though the study has another language; none if there are none.

    Nothing either where it is not known yet which photos a draft chooses.
    """
    classes: Iterable[str] = study.items.order_by().values_list("image__class_name", flat=True).distinct()
    if study.state not in Study.LACKS_SOMETHING:
        return untitled_remark(study.wording, study.language, classes)
    try:
        protocol = check_protocol(study.protocol)
        classes = [row.name for row in choose_classes(protocol).classes if row.chosen]
    except ProtocolError:
        return []
    return untitled_remark(protocol.wording, protocol.language, classes)


def misfits(study: Study) -> list[str]:
    """Photos that people would not see as they are meant: the study's own, or those of the classes that a draft chooses from."""
    if study.state not in Study.LACKS_SOMETHING:
        return misfits_among(Image.objects.filter(pk__in=study.items.values("image")))
    try:
        protocol = check_protocol(study.protocol)
        classes = [row.name for row in choose_classes(protocol).classes if row.chosen]
        photos = find_set(protocol).images.filter(class_name__in=classes)
    except ProtocolError:
        return []
    return [f"Of the photos to choose from, {words}" for words in misfits_among(photos)]


def check_labels(photos: list[Image], networks: list[Network]) -> None:
    for network in networks:
        targets = label_targets(photos, network)
        if unknown := {image.class_name for image in photos if targets[image.pk] is None}:
            parameters = {"network": network.name, "classes": sorted(unknown)}
            raise ProtocolError(Fault(("photos", "set"), Code.NETWORK_KNOWS_NOT, parameters))


def _show(items: list[Item], arms: list[Arm], maps: list[dict[int, list[ExplanationMap]]]) -> None:
    """Rows of what stands for each arm on each item. Of maps of several classes that of the network's top class stands for them all."""
    shown, panels = [], []
    for item in items:
        for arm in arms:
            side_by_side = maps[arm.index][item.image_id]
            place = item.prediction["places"]["says"] if item.prediction and len(side_by_side) > 1 else 0
            shown.append(ItemMap(item=item, arm=arm, map=side_by_side[place]))
            panels.append(side_by_side if len(side_by_side) > 1 else [])
    rows = ItemMap.objects.bulk_create(shown)
    ItemPanel.objects.bulk_create(
        ItemPanel(item_map=row, place=place, map=found)
        for row, side_by_side in zip(rows, panels, strict=True)
        for place, found in enumerate(side_by_side)
    )


def maps_for(
    protocol: Protocol, images: list[Image], predictions: dict[int, dict[str, Any]]
) -> list[dict[int, list[ExplanationMap]]]:
    """For each arm what it shows of each photo, by the photo's key: a map, or maps of several classes in the order of their places.

    Raises MissingMapsError with what makes the missing ones.
    """
    several = trial_type_of(protocol).asked.panels > 1
    if several and (alone := [arm.name for arm in protocol.arms if not arm.source.by_class]):
        raise ProtocolError(Fault(("arms",), Code.ONE_CLASS, {"arm": alone[0], "task": protocol.task}))
    for arm in protocol.arms:
        arm.source.make(arm.keys, images)
    if several:
        classes = {key: tuple(said["targets"]) for key, said in predictions.items()}
        maps = [arm.source.maps_of_classes(arm.keys, images, classes) for arm in protocol.arms]
    else:
        maps = [
            {key: [found] for key, found in arm.source.maps_of(arm.keys, images).items()}
            for arm in protocol.arms
        ]
    faults, lacking = [], []
    for arm, by_photo in zip(protocol.arms, maps, strict=True):
        if missing := sum(image.pk not in by_photo for image in images):
            parameters = {
                "missing": missing,
                "photos": len(images),
                "maps": arm.source.maps_in_words(arm.keys),
            }
            faults.append(Fault(("arms",), Code.MAPS_MISSING, parameters))
            lacking.append(arm)
    if lacking and (not_here := faults_of_methods(protocol, lacking)):
        raise ProtocolError(*not_here)
    if faults:
        raise MissingMapsError(*faults, *_remedies(protocol, lacking))
    return maps


def _remedies(protocol: Protocol, lacking: list[ArmPlan]) -> Iterator[Fault]:
    """What to do about arms that lack maps. A run of workers is the same for all arms, whichever of them lacks some."""
    if any(arm.source.made_by_workers for arm in lacking):
        yield Fault((), Code.RUN_FIRST, {"command": precompute_command(protocol)})
    brought = [arm.keys for arm in lacking if not arm.source.made_by_workers]
    for command in map_sources.commands_for(protocol.photo_set, brought):
        yield Fault((), Code.BRING_FIRST, {"command": command})
