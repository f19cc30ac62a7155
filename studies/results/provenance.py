"""From an answer back to its trial, the pictures that were seen, their maps, the networks' weights and the code that made them.

`origins` has one row for each item and arm; `answers.csv` refers to it by item, and by arm in `order`. `chain_of_answer` and
`chain_of_item` go all the way. For those who run a study alone: a hash of a picture tells which arm made it.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.fields.files import FieldFile

from explain.core.errors import BadInputError
from explain.map_sources import ArmFacts, source_of
from explain.photos import sha256_of
from studies.models import CheckMap, Item, ItemMap, Response, Study, Trial
from studies.trial_types import trial_type_of
from studies.trials import names_of_maps

from .answers import all_answers


@dataclass(frozen=True)
class Origin:
    """How the map of one arm on one item came to be."""

    item: int
    photo: str
    class_name: str
    photo_sha256: str  # of the re-encoded photo
    source_sha256: str  # of the bytes that were imported
    photo_shown_sha256: str  # of the picture of the photo, as people see it; empty: there is none yet
    arm: str
    network: str
    weights_sha256: str
    layer: str
    method: str
    target: int | None  # the class that is explained, where somebody says
    map: int  # its row
    map_sha256: str  # of the raw float32 values
    shown_sha256: str  # of the picture of the map, as people see it; empty: there is none yet
    parameters_hash: str
    manifest: dict[str, Any]  # parameters, versions, device


MEANINGS = {
    "item": "Number of the item, from 0: `item` of answers.csv.",
    "photo": "File name of the photo as it was imported.",
    "class_name": "Class of the photo by its own name, whatever title volunteers read for it.",
    "photo_sha256": "SHA-256 of the re-encoded photo.",
    "source_sha256": "SHA-256 of the bytes that were imported.",
    "photo_shown_sha256": "SHA-256 of the photo's picture as it is sent to browsers. Empty: nobody has been shown it yet.",
    "arm": "The arm, by name: as in `order` and `choice` of answers.csv.",
    "network": "Name of the network.",
    "weights_sha256": "SHA-256 of the network's weights.",
    "layer": "Where the network was cut.",
    "method": "Method that made the map.",
    "target": "Index of the class that the map explains; empty where nobody said it.",
    "map": "Number of the map in the database.",
    "map_sha256": "SHA-256 of the raw map: float32, little-endian, row by row.",
    "shown_sha256": "SHA-256 of the map's picture as it is sent to browsers. Empty: nobody has been shown it yet.",
    "parameters_hash": "Hash of the parameters that the map was made with.",
    "manifest": "Parameters, versions and device, as JSON.",
}


@dataclass(frozen=True)
class CompetingArm:
    """One arm for a table of them: its name, and what its source says of it."""

    name: str
    facts: ArmFacts


def competing_arms(study: Study) -> list[CompetingArm]:
    """The arms of a study, in their order."""
    rows = study.arms.select_related("network", "map_set__network").order_by("index")
    return [CompetingArm(arm.name, source_of(arm).facts(arm)) for arm in rows]


def origins(study: Study, item: int | None = None) -> Iterator[Origin]:
    """The origin of every map of a study, or of one item's, in the order of items and arms. Every picture is read."""
    rows = ItemMap.objects.filter(item__study=study).select_related(
        "item__image", "arm", "map__network", "map__map_set__network"
    )
    if item is not None:
        rows = rows.filter(item__index=item)
    photo_hashes: dict[int, str] = {}  # the photo's picture, once for all arms
    for row in rows.order_by("item__index", "arm__index").iterator(chunk_size=500):
        photo, map_row = row.item.image, row.map
        if photo.pk not in photo_hashes:
            photo_hashes = {photo.pk: hash_of_picture(row.item.picture)}
        origin = source_of(map_row).origin(map_row)
        yield Origin(
            item=row.item.index,
            photo=photo.original_name,
            class_name=photo.class_name,
            photo_sha256=photo.content_sha256,
            source_sha256=photo.source_sha256,
            photo_shown_sha256=photo_hashes[photo.pk],
            arm=row.arm.name,
            network=origin.network,
            weights_sha256=origin.weights_sha256,
            layer=origin.layer,
            method=origin.method,
            target=origin.target,
            map=map_row.pk,
            map_sha256=map_row.values_sha256,
            shown_sha256=hash_of_picture(row.picture),
            parameters_hash=origin.parameters_hash,
            manifest=origin.manifest,
        )


def origins_by_item(study: Study) -> dict[int, list[Origin]]:
    """Item number -> the origins of its maps, in the order of the arms."""
    by_item: dict[int, list[Origin]] = {}
    for origin in origins(study):
        by_item.setdefault(origin.item, []).append(origin)
    return by_item


def hash_of_picture(picture: FieldFile) -> str:
    """SHA-256 of a picture's bytes; empty where there is none, or its file is gone."""
    try:
        return sha256_of(picture) if picture else ""
    except FileNotFoundError:
        return ""


@dataclass(frozen=True)
class AnswerOrigin:
    """One answer, its trial, and the protocol that it was given under."""

    answer: uuid.UUID
    said: str
    status: str
    simulated: bool
    participant: int
    group: str
    imported_from: str  # the file; empty: given on the study's own pages
    response_ms: int | None
    answered_at: datetime
    trial: int
    kind: str  # main, repeat or check
    order: tuple[str, ...]  # what stood at each place; empty: not known
    protocol_version: int
    protocol_sha256: str


@dataclass(frozen=True)
class Chain:
    """One item with what was said about it, and all that this rests on."""

    study: str
    protocol_sha256: str  # of the version that is asked now
    code_version: str  # of this site when the study was opened; empty: it is not open yet
    item: int
    photo: str
    class_name: str
    answers: tuple[AnswerOrigin, ...]
    maps: tuple[Origin, ...]
    checks: tuple[
        str, ...
    ]  # SHA-256 of the pictures of the item's attention check: on the object, then elsewhere


def chain_of_item(study: Study, index: int) -> Chain:
    """The chain of an item with all its answers. Raises BadInputError where the study has no such item."""
    item = study.items.select_related("image").filter(index=index).first()
    if item is None:
        raise BadInputError(f"item {index}: {study.slug} has items 0 to {study.items.count() - 1}.")
    rows = all_answers(study, "all").filter(trial__item=item).order_by("id")
    return _chain(study, item, list(rows), checked=True)


def chain_of_answer(study: Study, answer: str) -> Chain:
    """The chain of one answer by its UUID, `answer` of answers.csv. Raises BadInputError where the study has none like it."""
    try:
        rows = all_answers(study, "all").filter(answer_id=uuid.UUID(answer))
    except ValueError:
        rows = Response.objects.none()
    row = rows.first()
    if row is None:
        raise BadInputError(
            f"{answer}: is no answer in {study.slug}; take it from column `answer` of answers.csv."
        )
    return _chain(study, row.trial.item, [row], checked=row.trial.kind == Trial.Kind.CHECK)


def _chain(study: Study, item: Item, rows: list[Response], *, checked: bool) -> Chain:
    arms = list(study.arms.values_list("name", flat=True))
    hashes = dict(study.versions.values_list("number", "sha256"))
    checks = CheckMap.objects.filter(item=item).order_by("place") if checked else CheckMap.objects.none()
    return Chain(
        study=study.slug,
        protocol_sha256=study.protocol_sha256,
        code_version=study.code_version,
        item=item.index,
        photo=item.image.original_name,
        class_name=item.image.class_name,
        answers=tuple(_answer_origin(study, row, arms, hashes) for row in rows),
        maps=tuple(origins(study, item.index)),
        checks=tuple(hash_of_picture(row.file) for row in checks),
    )


def _answer_origin(study: Study, row: Response, arms: list[str], hashes: dict[int, str]) -> AnswerOrigin:
    trial, person = row.trial, row.participant
    names, answers = names_of_maps(trial.kind, arms), trial_type_of(study).answers
    return AnswerOrigin(
        answer=row.answer_id,
        said=answers.in_words(answers.stored_in(row), names),
        status=row.status,
        simulated=row.simulated,
        participant=person.number,
        group=person.invitation.label,
        imported_from=person.external.get("imported", ""),
        response_ms=row.response_ms,
        answered_at=row.created_at,
        trial=trial.pk,
        kind=trial.kind,
        order=tuple(names[place] for place in trial.arms) if trial.order else (),
        protocol_version=row.version,
        protocol_sha256=hashes.get(row.version, ""),
    )
