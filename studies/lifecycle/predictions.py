"""What the network of a study says of its photos, for trial types that show it: from stored predictions, kept with each item.

Every class is called by the network's own name for it, whether it is right or wrong: how a class is written must not tell.

Where a trial shows maps of several classes side by side, which of them stands where is drawn by lot when the study gets ready, so that
the right answer stands in each place equally often, and whoever keeps to one place is right as often as chance.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from explain import maps
from explain.models import Image, Network, Prediction
from explain.photos import label_targets
from studies.protocol import (
    TITLES,
    Code,
    Fault,
    NotSeenYetError,
    Protocol,
    ProtocolError,
    precompute_command,
    target_of,
    titles_in,
)
from studies.trial_types import trial_type_of


def predictions_for(
    protocol: Protocol, images: Sequence[Image], networks: Sequence[Network]
) -> dict[int, dict[str, Any]]:
    """Photo's key -> `Item.prediction`; empty where trials of the protocol do not show what a network says.

    Raises ProtocolError: the arms name more than one network or none, it has fewer classes than are shown, has not looked at every photo, or some of the classes that
    it says have a title in the study's language and others have none.
    """
    asked = trial_type_of(protocol).asked
    if not asked.network_speaks:
        return {}
    if len(networks) != 1:
        parameters = {"networks": tuple(network.name for network in networks), "task": protocol.task}
        raise ProtocolError(Fault(("arms",), Code.ONE_NETWORK, parameters))
    (network,) = networks
    said = said_of(images, network)
    if asked.panels > 1:
        if asked.panels > len(network.class_names):
            known = {"wanted": asked.panels, "network": network.name, "known": len(network.class_names)}
            raise ProtocolError(Fault((protocol.task, "classes"), Code.FEW_CLASSES, known))
        said = _side_by_side(said, images, network, protocol)
    if len(said) < len(images):
        parameters = {
            "network": network.name,
            "set": protocol.photo_set,
            "command": precompute_command(protocol),
        }
        raise NotSeenYetError(Fault(("arms", "network"), Code.NOT_SEEN, parameters))
    check_titles(protocol, list(said.values()))
    return said


def _side_by_side(
    said: dict[int, dict[str, Any]], images: Sequence[Image], network: Network, protocol: Protocol
) -> dict[int, dict[str, Any]]:
    """The same with the classes whose maps stand side by side: `targets` in their order, and the places of `says` and `label` in it."""
    asked, lot = trial_type_of(protocol).asked, secrets.SystemRandom()
    classes = maps.classes_of(images, network, target_of(protocol), **maps.rows_of(images))
    labels = label_targets(images, network)
    known = [key for key in said if len(classes.get(key, ())) == asked.panels and labels[key] is not None]
    places = [number % asked.panels for number in range(len(known))]
    lot.shuffle(places)
    found = {}
    for key, place in zip(known, places, strict=True):
        top, label = classes[key][0], int(labels[key] or 0)
        right = label if asked.right_class == "label" else top
        targets = [target for target in classes[key] if target != right]
        lot.shuffle(targets)
        targets.insert(place, right)
        found[key] = said[key] | {
            "targets": targets,
            "places": {"says": targets.index(top), "label": targets.index(label)},
        }
    return found


def said_of(images: Sequence[Image], network: Network) -> dict[int, dict[str, Any]]:
    """The same for the photos that the network has looked at and whose class it knows."""
    labels = label_targets(images, network)
    rows = Prediction.objects.filter(network=network, image__in=[image.pk for image in images])
    return {
        row.image_id: {
            "network": network.name,
            "says": _name(network, row.top_class),
            "label": _name(network, label),
            "probability": row.top_probability,
            "right": row.top_class == label,
        }
        for row in rows
        if (label := labels[row.image_id]) is not None
    }


def _name(network: Network, index: int) -> str:
    return network.class_names[index] if index < len(network.class_names) else str(index)


def check_titles(protocol: Protocol, said: Sequence[dict[str, Any] | None]) -> None:
    """Raise ProtocolError where some of the classes that are named in trials have a title and others none. `said`: of the items."""
    if trial_type_of(protocol).asked.panels > 1:
        return  # no class is named
    titles = titles_in(protocol.wording, protocol.language)
    classes = {row[key] for row in said if row is not None for key in ("says", "label")}
    if (missing := sorted(classes - set(titles))) and len(missing) < len(classes):
        where = ("wording", TITLES, protocol.language)
        listed = ", ".join(missing[:5]) + (" and others" if len(missing) > 5 else "")
        raise ProtocolError(Fault(where, Code.SOME_TITLES, {"missing": listed}))
