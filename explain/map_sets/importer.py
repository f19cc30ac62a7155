"""Bring maps in: all is judged before anything is stored, then they are kept part by part, and a stopped import goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from explain.core import clock
from explain.core.errors import BadInputError
from explain.models import ExplanationMap, MapSet

from .look import Found, Look, MapPlan, Progress
from .plan import judge, looking
from .request import Request, sha256_of_request

PART = 256
"""Maps that are kept together."""


@dataclass(frozen=True)
class ImportedMaps:
    """What an import of maps did."""

    map_set: MapSet
    plan: MapPlan

    def to_json(self) -> dict[str, Any]:
        return {**self.plan.to_json(), "sha256": self.map_set.sha256, "maps": self.map_set.maps.count()}


def import_maps(
    request: Request,
    *,
    user: Any = None,
    look: Progress = lambda done, total: None,
    progress: Progress = lambda done, total: None,
) -> ImportedMaps:
    """Bring maps into a set of their own, made if it is new. Every array is read twice: judged first, then kept.

    look, progress   called after each map of the first and of the second time

    The same maps again are not stored again. Stopped while it keeps them, the set is not finished, no study takes it, and the
    same import goes on where it stopped. Raises BadInputError with a line for everything that is wrong; then nothing is stored.
    """
    with looking(request) as first:
        plan = judge(first, look)
        storing = _Storing(first, user)
        total = len(first.files.entries)
        try:
            for done, found in enumerate(first.maps(), start=1):
                if found is None:
                    raise BadInputError(
                        *first.faults.lines(),
                        f"the {first.thing}s changed while they were brought in; run it again",
                    )
                storing.take(found)
                progress(done, total)
            return ImportedMaps(storing.finish(), plan)
        except BaseException:
            storing.drop()
            raise


@dataclass
class _Storing:
    """Maps on their way into storage: rows of a part that are not saved yet; the files of large ones are."""

    look: Look
    user: Any
    _rows: list[ExplanationMap] = field(default_factory=list)

    def __post_init__(self) -> None:
        request = self.look.request
        self._map_set = self.look.map_set or _made(self.look, self.user)
        self._told = {
            "map_set": request.name,
            **request.reading.to_json(),
            "network": request.network,
            "provenance": dict(request.provenance),
            "set_sha256": self._map_set.sha256,
        }

    def take(self, found: Found) -> None:
        if self.look.is_there(found):
            return
        self._rows.append(self._row(found))
        if len(self._rows) == PART:
            self._save()

    def _row(self, found: Found) -> ExplanationMap:
        row = ExplanationMap(
            image=found.image,
            map_set=self._map_set,
            method=f"{self.look.method}{self._map_set.name}",
            target=found.target,
            parameters_hash=self._map_set.sha256,
            blank=found.blank,
            manifest={**self._told, "file": found.entry.label[-255:], "source_sha256": found.source_sha256},
        )
        self.look.keep(row, found.content)
        return row

    def _save(self) -> None:
        try:
            with transaction.atomic():
                ExplanationMap.objects.bulk_create(self._rows)
        except IntegrityError as error:
            raise BadInputError(
                f"{self._map_set}: another import brought the same {self.look.thing}s in at the same time; run this one again"
            ) from error
        self._rows = []

    def finish(self) -> MapSet:
        self._save()
        if self._map_set.finished_at is None:
            self._map_set.finished_at = clock.now()
            self._map_set.save(update_fields=["finished_at"])
        return self._map_set

    def drop(self) -> None:
        """Remove the files of rows that were not saved: whatever stops an import, no row will ever name them."""
        _remove_files(self._rows)


def _made(look: Look, user: Any) -> MapSet:
    request = look.request
    try:
        with transaction.atomic():
            return MapSet.objects.create(
                name=request.name,
                image_set=look.image_set,
                network=look.network,
                provenance=dict(request.provenance),
                sha256=sha256_of_request(request, look.network),
                created_by=user,
                **request.reading.to_json(),
            )
    except IntegrityError as error:
        raise BadInputError(
            f"--name {request.name}: {look.thing}s of this name came in at this very moment; choose another name"
        ) from error


def _remove_files(rows: Sequence[ExplanationMap]) -> None:
    for row in rows:
        for file in (row.array_file, row.overlay):
            if file:
                default_storage.delete(str(file.name))
