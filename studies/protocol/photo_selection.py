"""The photos that a protocol asks for: what is chosen among the rows that are here, and what is missing to choose."""

from collections.abc import Sequence
from typing import Any

from explain import map_sources, maps, selection
from explain.models import Image, ImageSet, Network
from explain.selection import Choice, ClassesChoice, Photo, Rule, tallies, verdicts
from studies.trial_types import trial_type_of

from .faults import Code, Fault
from .schema import ArmPlan, Protocol, ProtocolError, check_protocol
from .titles import untitled_remark


class NotSeenYetError(ProtocolError):
    """Photos are to be chosen by what a network says of them, and it has not looked at all of them yet."""


def choose_classes(protocol: Protocol) -> ClassesChoice:
    """What the protocol chooses of its set, class by class: the database counts, so it is quick with any number of photos.

    Three queries. Needs no maps. Networks that are not here yet are left out of the F1 tables where the protocol does
    not rank by them.

    Raises:
        ProtocolError: the set or a listed class does not exist; or photos are to be chosen by what a network says
            that is not here, or that no arm names, or that has not looked at all of them; or no photo is left. With the remedy.
    """
    return _choose_classes(protocol, find_set(protocol), _networks(protocol))


def choose_photos(protocol: Protocol) -> Choice:
    """The same photo by photo, with why the others are left out. Raises what choose_classes() raises."""
    image_set, networks = find_set(protocol), _networks(protocol)
    _choose_classes(protocol, image_set, networks)
    columns = ("image_set_id", "original_name", "class_name", "class_index", "source_sha256")
    images = list(image_set.images.only(*columns))
    return selection.choose(
        photos=[
            Photo(image.pk, image.original_name, image.class_name, image.source_sha256) for image in images
        ],
        verdicts=[verdicts(images=images, network=network) for network in networks],
        rule=protocol.rule,
    )


def _choose_classes(protocol: Protocol, image_set: ImageSet, networks: list[Network]) -> ClassesChoice:
    rule = protocol.rule
    counts = tallies(image_set=image_set, networks=networks)
    _check_classes(rule, {tally.class_name for tally in counts})
    for place, network in enumerate(networks):
        if rule.asks_networks and any(tally.says[place] is None for tally in counts):
            parameters = {
                "network": str(network),
                "set": str(image_set),
                "command": precompute_command(protocol),
            }
            raise NotSeenYetError(Fault(("photos", rule.asks_networks), Code.NOT_SEEN, parameters))
    choice = selection.choose_classes(counts, [network.name for network in networks], rule)
    if not choice.count:
        raise ProtocolError(Fault(("photos",), Code.NO_PHOTO_LEFT))
    return choice


def remarks_on(protocol: Protocol, chosen: ClassesChoice) -> list[str]:
    """What whoever relies on this choice should know: of its classes and their titles, and of so few photos for so many people."""
    classes = (row.name for row in chosen.classes if row.chosen)
    untitled = untitled_remark(protocol.wording, protocol.language, classes)
    return [*chosen.notes, *_starved(protocol, chosen.count), *untitled]


def remarks_on_source(source: dict[str, Any]) -> list[str]:
    """The same of a study's stored protocol; nothing where it cannot be followed any more, as the page of its photos says, too."""
    try:
        protocol = check_protocol(source)
        return remarks_on(protocol, choose_classes(protocol))
    except ProtocolError:
        return []


def _starved(protocol: Protocol, photos: int) -> list[str]:
    people, each, rule = protocol.people, protocol.responses_per_item, protocol.rule
    if not people or photos >= people:
        return []
    asked = rule.top_classes * rule.per_class if rule.top_classes and rule.per_class else 0
    instead = f", where the protocol asks for {asked}" if asked > photos else ""
    return [
        f"{photos} {'photo' if photos == 1 else 'photos'} for {people} people{instead}: {photos * each} answers in all, "
        f"{photos * each / people:.1f} from each; what comes out is about these photos alone."
    ]


def chosen_images(choice: Choice, most: int | None = None) -> list[Image]:
    """The rows of the photos chosen, or of the first of them, in the choice's order."""
    keys = choice.chosen[:most]
    by_key = Image.objects.in_bulk(keys)
    return [by_key[key] for key in keys]


def find_set(protocol: Protocol) -> ImageSet:
    image_set = ImageSet.objects.filter(name=protocol.photo_set).first()
    if image_set is None:
        known = tuple(ImageSet.objects.values_list("name", flat=True))
        raise ProtocolError(
            Fault(("photos", "set"), Code.NO_SET, {"set": protocol.photo_set, "known": known})
        )
    return image_set


def find_networks(protocol: Protocol) -> dict[str, Network]:
    """The networks of the arms by name, in the arms' order; ProtocolError names those that are not here."""
    names = _network_names(protocol)
    networks = {network.name: network for network in Network.objects.filter(name__in=names)}
    if missing := sorted(set(names) - set(networks)):
        known = tuple(Network.objects.values_list("name", flat=True))
        raise ProtocolError(
            *(
                Fault(("arms", "network"), Code.NO_NETWORK, {"network": name, "known": known})
                for name in missing
            )
        )
    return {name: networks[name] for name in names}


def faults_of_methods(protocol: Protocol, arms: Sequence[ArmPlan] | None = None) -> list[Fault]:
    """Methods of the arms that are not here, or do not have the parameters that are given. `arms`: only of these."""
    return [
        Fault(("arms", place, "method"), Code.NO_METHOD, {"why": why})
        for place, arm in enumerate(protocol.arms, start=1)
        if (arms is None or arm in arms) and (why := arm.source.fault(arm.keys))
    ]


def _network_names(protocol: Protocol) -> list[str]:
    return map_sources.network_names([arm.keys for arm in protocol.arms])


def precompute_command(protocol: Protocol) -> str:
    """What makes workers look at the photos and compute the maps that they compute."""
    arms = [arm.keys for arm in protocol.arms]
    return map_sources.precompute_command(protocol.photo_set, arms, target_of(protocol))


def target_of(protocol: Protocol) -> str:
    """Which classes of each photo the protocol's maps are made of, as a run has it."""
    return maps.target_of(trial_type_of(protocol).asked.panels)


def _check_classes(rule: Rule, known: set[str]) -> None:
    if missing := [name for name in rule.classes if name not in known]:
        raise ProtocolError(Fault(("photos", "classes"), Code.NO_SUCH_CLASS, {"classes": missing}))


def _networks(protocol: Protocol) -> list[Network]:
    if key := protocol.rule.asks_networks:
        networks = list(find_networks(protocol).values())
        if not networks:
            raise ProtocolError(Fault(("photos", key), Code.NOBODY_TO_ASK))
        return networks
    return list(Network.objects.filter(name__in=_network_names(protocol)).order_by("name"))
