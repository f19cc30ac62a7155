"""From a protocol to rows, and from these to an open study whose questions are frozen and hashed."""

import hashlib
import json
import subprocess
import tomllib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from explain.errors import BadInputError
from explain.models import ExplanationMap, Image, Network
from explain.needs import label_targets
from explain.pictures import make_map_pictures, make_picture, sha256_of

from . import attention, likeness
from .allocation import lay_out_trials
from .choosing import choose_photos, chosen_images, find_networks, precompute_command
from .faults import Code, Fault
from .models import Arm, CheckMap, Event, Item, ItemMap, ProtocolVersion, Study, Trial
from .protocol import Protocol, ProtocolError, in_full


class OpeningError(BadInputError):
    """A study that cannot be opened as it is."""


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
    attention.check_boxes(images, protocol.attention_checks)
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


class AlikeError(OpeningError):
    """Arms that look the same, and nobody has said that they have seen it."""


def open_study(
    *,
    study: Study,
    user=None,
    alike_seen: bool = False,
    progress: Callable[[int, int], object] = lambda *_: None,
) -> Study:
    """Open a study that is ready: make every trial, and freeze and hash all that it asks.

    Args:
        alike_seen: whoever opens it has seen which arms look the same (likeness.py).

    Raises:
        AlikeError: two arms look the same on more than half of the photos, and `alike_seen` is not given.
        OpeningError: the study is not ready, or has no items or fewer than two arms.
        AttentionError: its photos do not allow the attention checks that it wants.
    """
    if study.state != Study.State.READY:
        raise OpeningError(f"{study.slug}: is {study.state}; only a ready study can be opened.")
    if study.arms.count() < 2 or not study.items.exists():
        raise OpeningError(f"{study.slug}: has no items or fewer than two arms; make it from a protocol.")
    # Files are read before the transaction begins: it holds SQLite's only write lock.
    alike = _alike(study, alike_seen)
    pictures = picture_hashes(study, progress)
    version = code_version()
    check_maps = attention.make_check_maps(study)
    pictures |= _check_hashes(check_maps)
    try:
        return _open(study, user, pictures, check_maps, version, alike)
    except BaseException:
        attention.drop_files(check_maps)
        raise


def _open(
    study: Study,
    user: Any,
    pictures: dict[str, str],
    check_maps: list[CheckMap],
    version: str,
    alike: list[list[Any]],
) -> Study:
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=study.pk)
        if study.state != Study.State.READY:
            raise OpeningError(f"{study.slug}: was opened by someone else at this moment.")
        trials = lay_out_trials(study)
        CheckMap.objects.bulk_create(check_maps)
        study.state, study.opened_at, study.code_version = Study.State.OPEN, timezone.now(), version
        study.alike_seen = alike
        study.protocol_sha256, sealed = seal(study, pictures)
        study.save()
        record_version(study, sealed, user=user)
        data = {"trials": trials, "sha256": study.protocol_sha256}
        seen = {"seen_to_look_the_same": [f"{one} and {other}" for one, other, _ in alike]} if alike else {}
        Event.objects.create(study=study, user=user, kind=Event.Kind.OPENED, data=data | seen)
    return study


def _alike(study: Study, seen: bool) -> list[list[Any]]:
    """The pairs of arms that look the same with their shares; measured now if they have not been."""
    pairs = likeness.pairs_of(study) if likeness.is_measured(study) else likeness.measure(study)
    found = [pair for pair in pairs if pair.too_alike]
    if found and not seen:
        raise AlikeError(
            *(f"arms: {pair.in_words}." for pair in found),
            "A comparison of what cannot be told apart finds nothing. Look at them on the study's page “Do the arms "
            "look alike”; to open it all the same, say that you have seen it (--alike-seen).",
        )
    return sorted([pair.first, pair.second, pair.alike] for pair in found)


def record_version(study: Study, sealed: str, *, why: str = "", user=None) -> ProtocolVersion:
    """Keep the protocol as it is now beside its hash and the text that was hashed, for good."""
    return ProtocolVersion.objects.create(
        study=study,
        number=study.version,
        sha256=study.protocol_sha256,
        protocol=in_full(study.protocol),
        sealed=sealed,
        why=why,
        user=user,
    )


def is_intact(study: Study) -> bool:
    """Whether an opened study still asks what it asked when it was opened, down to the pictures' bytes."""
    return study.protocol_sha256 == fingerprint(study, picture_hashes(study))


def picture_hashes(study: Study, progress: Callable[[int, int], object] = lambda *_: None) -> dict[str, str]:
    """SHA-256 of every picture that volunteers see, by what it is."""
    hashes: dict[str, str] = {}
    # Joined: SQLite gives up on a look-up of a thousand maps that are named one by one.
    maps = ItemMap.objects.select_related("arm", "map__network")
    items = study.items.select_related("image").prefetch_related(Prefetch("item_maps", maps))
    total = study.items.count()
    for done, item in enumerate(items, start=1):
        make_picture(item.image)
        for item_map in item.item_maps.all():
            make_map_pictures(item_map.map)
        hashes |= {key: sha256_of(file) for key, file in picture_files(item, study.picture).items()}
        progress(done, total)
    return hashes | _check_hashes(CheckMap.objects.filter(item__study=study).select_related("item"))


def picture_files(item: Item, kind: str) -> dict[str, FieldFile]:
    """What volunteers see of an item, by what it is: its photo, and for each arm its map as a picture of that kind."""
    maps = {
        f"{item.index} {item_map.arm.index}": getattr(item_map.map, kind) for item_map in item.item_maps.all()
    }
    return {f"{item.index} photo": item.image.picture, **maps}


def check_map_files(rows: Iterable[CheckMap]) -> dict[str, FieldFile]:
    """The pictures of attention checks, by what they are."""
    return {f"{row.item.index} check {row.place}": row.file for row in rows}


def _check_hashes(rows: Iterable[CheckMap]) -> dict[str, str]:
    return {key: sha256_of(file) for key, file in check_map_files(rows).items()}


def fingerprint(study: Study, pictures: dict[str, str]) -> str:
    """SHA-256 of all that a study asks: settings, wording, arms, items, raw maps, pictures and orders."""
    return seal(study, pictures)[0]


def seal(study: Study, pictures: dict[str, str]) -> tuple[str, str]:
    """A study's fingerprint and the text that it is of: what_is_asked() as one line of JSON."""
    asked = what_is_asked(study, pictures)
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256_of_text(text), text


def sha256_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def what_is_asked(study: Study, pictures: dict[str, str]) -> dict[str, Any]:
    """All that a study asks, by part. `pictures`: picture_hashes().

    Trials made again after an answer was voided repeat an item and order that are there already, so the orders
    enter as a set of (item, order) with what the study asked for, not as a list of rows.
    """
    items = study.items.order_by("index")
    maps = ItemMap.objects.filter(item__study=study).order_by("item__index", "arm__index")
    # Answers collected elsewhere have trials of their own without an order: nobody was shown anything here.
    main = study.trials.filter(kind=Trial.Kind.MAIN).exclude(order="")
    orders = main.order_by().values_list("item__index", "order").distinct()
    return {
        "study": settings_in_the_hash(study),
        "protocol": {
            key: value for key, value in in_full(study.protocol).items() if not _is_as_before(key, value)
        },
        "arms": list(
            study.arms.order_by("index").values_list("index", "name", "network__weights_sha256", "method")
        ),
        "items": list(items.values_list("index", "image__class_name", "image__content_sha256")),
        "maps": [hashlib.sha256(values).hexdigest() for values in _values(maps)],
        "pictures": pictures,
        "orders": sorted(orders),
    }


_NOT_HASHED = {"protocol", "protocol_sha256", "version", "opened_at", "code_version"}
# Settings that came later enter the hash only where they are used: studies opened before them keep theirs.
_LATER = {"attention_checks", "alike_seen", "language"}


def settings_in_the_hash(study: Study) -> dict[str, Any]:
    return {name: getattr(study, name) for name in Study.FROZEN if _is_hashed(study, name)}


def _is_hashed(study: Study, name: str) -> bool:
    return name not in _NOT_HASHED and not _is_as_before(name, getattr(study, name))


def _is_as_before(name: str, value: Any) -> bool:
    """Whether a setting that came later is what every study was before it came."""
    return name in _LATER and value == getattr(Study(), name)


def _values(maps: QuerySet[ItemMap]) -> Iterable[bytes]:
    return (bytes(values) for values in maps.values_list("map__values", flat=True).iterator(chunk_size=200))


@cache
def code_version() -> str:
    """What `git describe` says of this code, or else the version in pyproject.toml."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--tags"],  # noqa: S607
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        return said.stdout.strip()[:64]
    except (OSError, subprocess.SubprocessError):
        project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text("utf-8"))
        return project["project"]["version"]
