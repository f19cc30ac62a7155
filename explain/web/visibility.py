"""Who may look at which photos, networks, runs and maps.

Admins look at all. Members of a study look at what it uses. Staff, who bring photos and networks in and set studies up, look
besides at what they brought in or had made themselves, and at what no study uses yet. Nothing else exists for anybody.

Which studies there are, this app does not know: the app that has them says what they use (`register`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from explain.models import ExplanationMap, Image, ImageSet, Job, MapSet, Network, Precompute


@dataclass(frozen=True)
class Use:
    """What one study, or one other piece of work, uses; `is_theirs` where the person who is asked about is a member of it."""

    is_theirs: bool
    sets: frozenset[int] = frozenset()
    set_names: frozenset[str] = frozenset()
    networks: frozenset[int] = frozenset()
    network_names: frozenset[str] = frozenset()
    map_sets: frozenset[int] = frozenset()
    map_set_names: frozenset[str] = frozenset()
    runs: frozenset[int] = frozenset()


Uses = Callable[[Any], Iterable[Use]]
_registered: list[Uses] = []


def register(uses: Uses) -> None:
    """Tell of work that uses photos and networks, once for each process: another app does it in its `AppConfig.ready`."""
    if uses not in _registered:
        _registered.append(uses)


class Sight:
    """What one person may look at, as query sets to start every look-up from. Ask it once for each request."""

    def __init__(self, user: Any) -> None:
        self._is_all = user.is_superuser
        self._sets = self._networks = self._map_sets = self._runs = Q()
        if not self._is_all:
            self._limit(user)

    def _limit(self, user: Any) -> None:
        uses = [use for source in _registered for use in source(user)]
        theirs = [use for use in uses if use.is_theirs]
        sets = Q(pk__in=_all("sets", theirs)) | Q(name__in=_all("set_names", theirs))
        networks = Q(pk__in=_all("networks", theirs)) | Q(name__in=_all("network_names", theirs))
        map_sets = Q(pk__in=_all("map_sets", theirs)) | Q(name__in=_all("map_set_names", theirs))
        own_runs = Precompute.objects.filter(created_by_id=user.pk) if user.is_staff else None
        if own_runs is not None:
            brought = _brought_by(user)
            sets |= ~Q(pk__in=_all("sets", uses))
            sets |= Q(name__in=brought["set"]) | Q(pk__in=own_runs.values("image_set"))
            networks |= ~Q(pk__in=_all("networks", uses))
            ran = Network.objects.filter(precomputes__created_by_id=user.pk)
            networks |= Q(name__in=brought["network"]) | Q(pk__in=ran.values("pk"))
            map_sets |= ~Q(pk__in=_all("map_sets", uses)) | Q(created_by_id=user.pk)
        self._sets, self._networks, self._map_sets = sets, networks, map_sets
        hidden = Network.objects.exclude(networks)
        of_what_is_seen = Q(image_set__in=ImageSet.objects.filter(sets)) & ~Q(networks__in=hidden)
        self._runs = Q(pk__in=_all("runs", theirs)) | of_what_is_seen
        if own_runs is not None:
            self._runs |= Q(created_by_id=user.pk)

    def sets(self) -> QuerySet[ImageSet]:
        return ImageSet.objects.filter(self._sets)

    def networks(self) -> QuerySet[Network]:
        return Network.objects.filter(self._networks)

    def map_sets(self) -> QuerySet[MapSet]:
        """Sets of maps, of photos that may be looked at."""
        rows = MapSet.objects.filter(self._map_sets)
        return rows if self._is_all else rows.filter(image_set__in=self.sets())

    def runs(self, rows: QuerySet[Precompute] | None = None) -> QuerySet[Precompute]:
        return (Precompute.objects.all() if rows is None else rows).filter(self._runs)

    def photos(self) -> QuerySet[Image]:
        return Image.objects.all() if self._is_all else Image.objects.filter(image_set__in=self.sets())

    def maps(self) -> QuerySet[ExplanationMap]:
        """Maps of a photo that may be looked at, by a network or of a set of maps that may be."""
        rows = ExplanationMap.objects.all()
        if self._is_all:
            return rows
        by_nobody = Q(network=None, map_set=None)  # the photo alone
        made_by = Q(network__in=self.networks()) | Q(map_set__in=self.map_sets()) | by_nobody
        return rows.filter(made_by, image__image_set__in=self.sets())


def may_look(user: Any) -> bool:
    """Whether there is anything here for somebody: admins, staff, and members of a study."""
    return (
        user.is_staff or user.is_superuser or any(use.is_theirs for uses in _registered for use in uses(user))
    )


def _all(name: str, uses: Iterable[Use]) -> set:
    return {value for use in uses for value in getattr(use, name)}


def _brought_by(user: Any) -> dict[str, set[str]]:
    """Names of the sets and networks that somebody brought in on the pages."""
    results = Job.objects.filter(
        created_by_id=user.pk, state=Job.State.DONE, kind__in=(Job.Kind.PHOTOS, Job.Kind.NETWORK)
    ).values_list("result", flat=True)
    names: dict[str, set[str]] = {"set": set(), "network": set()}
    for result in results:
        for kind, known in names.items():
            if kind in result:
                known.add(result[kind])
    return names
