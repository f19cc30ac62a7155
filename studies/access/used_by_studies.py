"""What studies use of the photos, networks and runs that are here: who may look at a study may look at these."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from explain.web import Use
from studies.models import Arm, Item, Study


def uses_of(user: Any) -> Iterator[Use]:
    """For each study, and whether this person is a member of it.

    A study that is still being set up uses what its protocol names; that keeps nothing from others, who may choose it too.
    """
    item = Item.objects.filter(study=OuterRef("pk")).order_by("index")
    theirs = Study.objects.visible_to(user).filter(pk=OuterRef("pk"))
    studies = Study.objects.annotate(
        is_theirs=Exists(theirs), set_id=Subquery(item.values("image__image_set")[:1])
    ).values_list("pk", "is_theirs", "set_id", "precompute")
    networks: dict[int, set[int]] = {}
    map_sets: dict[int, set[int]] = {}
    for study, network, map_set in (
        Arm.objects.order_by().values_list("study", "network", "map_set").distinct()
    ):
        networks.setdefault(study, set()).update({network} - {None})
        map_sets.setdefault(study, set()).update({map_set} - {None})
    for pk, is_theirs, set_id, run in studies:
        yield Use(
            is_theirs=is_theirs,
            sets=frozenset({set_id} - {None}),
            networks=frozenset(networks.get(pk, ())),
            map_sets=frozenset(map_sets.get(pk, ())),
            runs=frozenset({run} - {None}),
        )
    drafts = Study.objects.visible_to(user).filter(state__in=Study.SETTING_UP)
    for protocol in drafts.values_list("protocol", flat=True):
        yield _named(protocol)


def _named(protocol: dict[str, Any]) -> Use:
    """What a protocol names. A draft may hold anything."""
    photos, arms = protocol.get("photos"), protocol.get("arms")
    named = photos.get("set") if isinstance(photos, dict) else None
    tables = [arm for arm in arms if isinstance(arm, dict)] if isinstance(arms, list) else []
    return Use(
        is_theirs=True,
        set_names=frozenset({named} if isinstance(named, str) else ()),
        network_names=_texts(arm.get("network") for arm in tables),
        map_set_names=_texts(arm.get(key) for arm in tables for key in ("maps", "pictures")),
    )


def _texts(values: Iterable[Any]) -> frozenset[str]:
    return frozenset(value for value in values if isinstance(value, str))
