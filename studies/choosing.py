"""The photos that a protocol asks for: what is chosen among the rows that are here, and what is missing to choose."""

from explain.choosing import Choice, Photo, Rule, choose
from explain.models import Image, ImageSet, Network
from explain.selection import Verdicts, verdicts

from .protocol import Protocol, ProtocolError


class NotSeenYetError(ProtocolError):
    """Photos are to be chosen by what a network says of them, and it has not looked at all of them yet."""


def choose_photos(protocol: Protocol) -> Choice:
    """What the protocol chooses of its set, class by class and photo by photo, with why the others are left out.

    Three queries and one for each network, however many photos there are. Needs no maps. Networks that are not here
    yet are left out of the F1 tables where the protocol does not rank by them.

    Raises:
        ProtocolError: the set or a listed class does not exist; or photos are to be chosen by what a network says
            that is not here, or that has not looked at all of them; or no photo is left. With the remedy.
    """
    image_set = find_set(protocol)
    images = list(
        image_set.images.only("image_set_id", "original_name", "class_name", "class_index", "source_sha256")
    )
    _check_classes(protocol.rule, images)
    found = _verdicts(protocol, image_set, images)
    photos = [Photo(image.pk, image.original_name, image.class_name, image.source_sha256) for image in images]
    choice = choose(photos=photos, verdicts=found, rule=protocol.rule)
    if not choice.chosen:
        raise ProtocolError("photos: no photo is left; ask for less, or bring in more photos.")
    return choice


def chosen_images(choice: Choice) -> list[Image]:
    """The rows of the photos chosen, in the choice's order."""
    by_key = Image.objects.in_bulk(choice.chosen)
    return [by_key[key] for key in choice.chosen]


def find_set(protocol: Protocol) -> ImageSet:
    image_set = ImageSet.objects.filter(name=protocol.photo_set).first()
    if image_set is None:
        known = ", ".join(ImageSet.objects.values_list("name", flat=True)) or "none yet"
        raise ProtocolError(
            f"photos.set: {protocol.photo_set!r} is no set of photos here (there is: {known}); "
            f"bring it in: manage.py import_images PATH --set {protocol.photo_set}"
        )
    return image_set


def find_networks(protocol: Protocol) -> dict[str, Network]:
    """The networks of the arms by name, in the arms' order; ProtocolError names those that are not here."""
    names = list(dict.fromkeys(arm.network for arm in protocol.arms))
    networks = {network.name: network for network in Network.objects.filter(name__in=names)}
    if missing := sorted(set(names) - set(networks)):
        known = ", ".join(Network.objects.values_list("name", flat=True)) or "none yet"
        raise ProtocolError(
            *(
                f"arms.network: {name!r} is no network here (there is: {known}); "
                f"add it: manage.py add_network {name} --load …"
                for name in missing
            )
        )
    return {name: networks[name] for name in names}


def precompute_command(protocol: Protocol) -> str:
    networks = ",".join(dict.fromkeys(arm.network for arm in protocol.arms))
    methods = ",".join(dict.fromkeys(arm.method for arm in protocol.arms))
    return f"manage.py precompute {protocol.photo_set} --networks {networks} --methods {methods}"


def _check_classes(rule: Rule, images: list[Image]) -> None:
    known = {image.class_name for image in images}
    if missing := [name for name in rule.classes if name not in known]:
        raise ProtocolError(f"photos.classes: no photo is labelled {', '.join(map(repr, missing))}.")


def _verdicts(protocol: Protocol, image_set: ImageSet, images: list[Image]) -> list[Verdicts]:
    key = protocol.rule.asks_networks
    if key:
        networks = list(find_networks(protocol).values())
    else:
        names = {arm.network for arm in protocol.arms}
        networks = list(Network.objects.filter(name__in=names).order_by("name"))
    found = [verdicts(images=images, network=network) for network in networks]
    for one in found:
        if key and one.unseen:
            raise NotSeenYetError(
                f"photos.{key}: {one.network} has not looked at all photos of {image_set}; "
                f"first run: {precompute_command(protocol)}"
            )
    return found
