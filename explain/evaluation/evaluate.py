"""The paper's tables 1 and 2 for any set, network and methods, from one stored row for each map.

Reads maps that are there already (`precompute` makes them); `evaluate_maps` those that are named, as a study's are. A row is computed once; an evaluation that was
interrupted goes on where it stopped. `evaluate_photos` takes ids and names only, so that a task may call it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from explain.cam import CamError
from explain.cam.names import canonical
from explain.core.errors import BadInputError
from explain.maps import MapKey, map_key, maps_there, parameters_hash, rows_of
from explain.models import Evaluation, ExplanationMap, Image, ImageSet, Network, Precompute, Prediction
from explain.networks import load_network
from explain.photos import label_targets, pixels_of

from .protocols import EvaluationProtocol, evaluation_hash, find_protocol

RowKey = tuple[int, str, int, str]  # photo, method, target, hash of the evaluation


@dataclass(frozen=True)
class Wanted:
    """An Evaluation row that there should be, and the map that it is about."""

    image: Image
    method: str
    target: int
    map_hash: str
    row_hash: str

    @property
    def map_key(self) -> MapKey:
        return self.image.pk, self.method, self.target, self.map_hash

    @property
    def row_key(self) -> RowKey:
        return self.image.pk, self.method, self.target, self.row_hash


@dataclass(frozen=True)
class EvaluationProgress:
    """What to evaluate of one network: which methods, by which protocol, and the class that is explained."""

    network: Network
    methods: tuple[str, ...]
    protocol: EvaluationProtocol
    target: str = Precompute.Target.LABEL

    def wanted(self, images: Sequence[Image]) -> list[Wanted]:
        """The rows that these photos are to have. A photo whose target nobody knows has none."""
        hashes = {method: parameters_hash(self.network, method) for method in self.methods}
        aims = self._aims(images)
        return [
            Wanted(
                image, method, aims[image.pk], map_hash, evaluation_hash(map_hash, self.protocol, image.boxes)
            )
            for image in images
            if image.pk in aims
            for method, map_hash in hashes.items()
        ]

    def rows(self, **photos: object) -> QuerySet[Evaluation]:
        """Rows of this network, layer, protocol and these methods, of the photos that a filter selects."""
        return Evaluation.objects.filter(
            network=self.network,
            layer=self.network.layer,
            protocol=self.protocol.name,
            method__in=self.methods,
            **photos,
        ).order_by()

    def missing(self, images: Sequence[Image], **photos: object) -> list[Wanted]:
        """The rows that these photos, those that the filter selects, still lack."""
        return self.not_stored(self.wanted(images), **photos)

    def not_stored(self, rows: Sequence[Wanted], **photos: object) -> list[Wanted]:
        """Those of `rows` that are not there yet; their photos are those that the filter selects."""
        stored = set(self.rows(**photos).values_list("image_id", "method", "target", "parameters_hash"))
        return [wanted for wanted in rows if wanted.row_key not in stored]

    def _aims(self, images: Sequence[Image]) -> dict[int, int]:
        if self.target == Precompute.Target.LABEL:
            aims = label_targets(images, self.network)
            return {pk: aim for pk, aim in aims.items() if aim is not None}
        predictions = Prediction.objects.filter(network=self.network, **(rows_of(images) if images else {}))
        return dict(predictions.values_list("image_id", "top_class"))


@dataclass(frozen=True)
class EvaluationTask:
    """Photos that lack a row of one network, in plain values that a Celery message can carry."""

    network_id: int
    image_ids: list[int]
    methods: list[str]
    protocol: str
    target: str


def ask_for_evaluation(
    *, networks: Sequence[Network], methods: Sequence[str], protocol: str, target: str
) -> list[EvaluationProgress]:
    """What to evaluate, by network, in the order given. Raises BadInputError for names that do not exist."""
    try:
        methods = canonical(methods)
    except CamError as error:
        raise BadInputError(str(error)) from error
    if not methods:
        raise BadInputError("--methods: name at least one method")
    if not networks:
        raise BadInputError("no network is named; add one with manage.py add_network")
    evaluation_protocol = find_protocol(protocol)
    return [EvaluationProgress(network, tuple(methods), evaluation_protocol, target) for network in networks]


def plan_evaluation(*, image_set: ImageSet, asked: Sequence[EvaluationProgress]) -> list[EvaluationTask]:
    """What is left to compute, in batches of BATCH_SIZE photos. Raises BadInputError where a map is missing."""
    images = list(image_set.images.order_by("pk"))
    if not images:
        raise BadInputError(f"the set {image_set} has no photos; bring some in with manage.py import_images")
    rows = [evaluation.wanted(images) for evaluation in asked]
    _check_maps(image_set, len(images), asked, rows)
    todo = []
    for evaluation, wanted_rows in zip(asked, rows, strict=True):
        lack = evaluation.not_stored(wanted_rows, image__image_set=image_set)
        ids = sorted({wanted.image.pk for wanted in lack})
        todo += [
            EvaluationTask(
                evaluation.network.pk,
                part,
                list(evaluation.methods),
                evaluation.protocol.name,
                evaluation.target,
            )
            for part in _parts(ids, settings.BATCH_SIZE)
        ]
    return todo


def run_evaluation(todo: Sequence[EvaluationTask], report: Callable[[int, int], object]) -> None:
    """Compute batches in this process, one after the other; `report(photos done, photos)` before and after each."""
    total, done = sum(len(batch.image_ids) for batch in todo), 0
    for batch in todo:
        report(done, total)
        evaluate_photos(**vars(batch))
        done += len(batch.image_ids)
        report(done, total)


def evaluate_photos(
    *, network_id: int, image_ids: Sequence[int], methods: Sequence[str], protocol: str, target: str
) -> int:
    """Compute and store the rows that these photos lack; returns how many. Calling it twice does no harm.

    A photo without its map is passed over (`plan_evaluation` refuses it). Raises BadInputError or CamError; then nothing is
    stored.
    """
    network = Network.objects.get(pk=network_id)
    (asked,) = ask_for_evaluation(networks=[network], methods=methods, protocol=protocol, target=target)
    images = list(Image.objects.filter(pk__in=image_ids).order_by("pk"))
    rows = _measured(asked, asked.missing(images, image__in=image_ids))
    Evaluation.objects.bulk_create(rows, ignore_conflicts=True)  # another process may have been faster
    return len(rows)


def evaluate_maps(*, map_ids: Sequence[int], protocol: str) -> int:
    """Compute and store the rows that exactly these maps lack; returns how many. Calling it twice does no harm.

    Maps of no network, or of no class that anybody named, have none. Raises BadInputError or CamError; what was stored before stays.
    """
    by = find_protocol(protocol)
    rows = ExplanationMap.objects.filter(pk__in=map_ids, network__isnull=False, target__isnull=False)
    by_network: dict[Network, list[ExplanationMap]] = {}
    for row in rows.select_related("image", "network").defer("manifest").order_by("image", "pk"):
        assert row.network is not None
        by_network.setdefault(row.network, []).append(row)
    made = 0
    for network, maps in by_network.items():
        images = {row.image for row in maps}
        there = Evaluation.objects.filter(network=network, protocol=by.name, image__in=images)
        stored = set(there.values_list("image_id", "layer", "method", "target", "parameters_hash"))
        pairs = [(_wanted_of(row, by), row) for row in maps]
        lacking = [
            (wanted, row)
            for wanted, row in pairs
            if (row.image_id, row.layer, row.method, row.target, wanted.row_hash) not in stored
        ]
        found = _measured_maps(network, by, lacking)
        Evaluation.objects.bulk_create(found, ignore_conflicts=True)
        made += len(found)
    return made


def _wanted_of(row: ExplanationMap, by: EvaluationProtocol) -> Wanted:
    assert row.target is not None
    row_hash = evaluation_hash(row.parameters_hash, by, row.image.boxes)
    return Wanted(row.image, row.method, row.target, row.parameters_hash, row_hash)


def _measured(asked: EvaluationProgress, missing: Sequence[Wanted]) -> list[Evaluation]:
    maps = stored_maps(asked.network, missing)
    pairs = [(wanted, maps[wanted.map_key]) for wanted in missing if wanted.map_key in maps]
    return _measured_maps(asked.network, asked.protocol, pairs)


def _measured_maps(
    network: Network, protocol: EvaluationProtocol, pairs: Sequence[tuple[Wanted, ExplanationMap]]
) -> list[Evaluation]:
    """A row for each map of the network, with what it is wanted for."""
    from .measure import PhotoWithMaps, measure_photos

    if not pairs:
        return []
    photos: dict[tuple[int, int], PhotoWithMaps] = {}
    for wanted, row in pairs:
        image, key = wanted.image, (wanted.image.pk, wanted.target)
        if key not in photos:
            photos[key] = PhotoWithMaps(image.original_name, pixels_of(image), wanted.target, image.boxes)
        photos[key].maps[str(row.pk)] = row.array()
    measured = measure_photos(load_network(network), list(photos.values()), protocol)
    figures = dict(zip(photos, measured, strict=True))
    return [
        Evaluation(
            image=wanted.image,
            network=network,
            layer=row.layer,
            method=wanted.method,
            target=wanted.target,
            protocol=protocol.name,
            parameters_hash=wanted.row_hash,
            **figures[wanted.image.pk, wanted.target][str(row.pk)],
        )
        for wanted, row in pairs
    ]


def stored_maps(network: Network, missing: Sequence[Wanted]) -> dict[MapKey, ExplanationMap]:
    """The maps that these rows are about, as far as they are there; others of the same photos and methods may be among them."""
    rows = ExplanationMap.objects.filter(
        network=network,
        layer=network.layer,
        image__in={wanted.image.pk for wanted in missing},
        method__in={wanted.method for wanted in missing},
    )
    return {map_key(row): row for row in rows.defer("manifest").order_by()}


def _check_maps(
    image_set: ImageSet, photos: int, asked: Sequence[EvaluationProgress], rows: Sequence[Sequence[Wanted]]
) -> None:
    """Refuse unless every photo has its map of every network and method; say how to make them.

    `rows` are those that each of `asked` wants of the set's photos.
    """
    lines = []
    existing: dict[int, set[MapKey]] = {}  # several protocols look at the same maps
    for evaluation, wanted_rows in zip(asked, rows, strict=True):
        network = evaluation.network
        if network.pk not in existing:
            existing[network.pk] = maps_there(
                network=network, methods=evaluation.methods, image__image_set=image_set
            )
        there = Counter(wanted.method for wanted in wanted_rows if wanted.map_key in existing[network.pk])
        for method in evaluation.methods:
            if lack := photos - there[method]:
                lines.append(f"{lack} of {photos} photos have no map of {method} by {network}.")
    if lines:
        names = ",".join(dict.fromkeys(evaluation.network.name for evaluation in asked))
        methods = ",".join(asked[0].methods)
        target = "" if asked[0].target == Precompute.Target.LABEL else f" --target {asked[0].target}"
        raise BadInputError(
            *dict.fromkeys(lines),  # several protocols lack the same maps
            f"First run: manage.py precompute {image_set} --networks {names} --methods {methods}{target}",
        )


def _parts(ids: list[int], size: int) -> Iterable[list[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
