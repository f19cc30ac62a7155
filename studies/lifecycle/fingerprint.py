"""The SHA-256 of all that a study asks and shows, and whether it is still as it was."""

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.db.models.fields.files import FieldFile

from blindsight import __version__
from explain.map_sources import source_of
from explain.photos import sha256_of
from studies.models import CheckMap, Item, ItemMap, ItemPanel, ProtocolVersion, Study, Trial
from studies.protocol import in_full
from studies.trial_types import trial_type_of


def record_version(study: Study, sealed: str, *, why: str = "", user=None) -> ProtocolVersion:
    """Keep the protocol as it is now beside its hash and the text that was hashed, for good."""
    return ProtocolVersion.objects.create(
        study=study,
        number=study.version,
        sha256=study.protocol_sha256,
        protocol=full_protocol(study),
        sealed=sealed,
        why=why,
        user=user,
    )


def full_protocol(study: Study, words: dict[str, Any] | None = None) -> dict[str, Any]:
    """A study's protocol with every default, and the default words that it was made with: after an update others are usual.

    Args:
        words: the wording that it was opened with, where another record of it is to be believed than the study's own column.
    """
    made_with = {} if study.state in Study.LACKS_SOMETHING else study.wording
    return in_full(study.protocol, words or made_with)


def is_intact(study: Study) -> bool:
    """Whether an opened study still asks what it asked when it was opened, down to the pictures' bytes."""
    return study.protocol_sha256 == fingerprint(study, picture_hashes(study))


def picture_hashes(study: Study, progress: Callable[[int, int], object] = lambda *_: None) -> dict[str, str]:
    """SHA-256 of every picture that volunteers see, by what it is: all are read, none is made."""
    hashes: dict[str, str] = {}
    items = study.items.prefetch_related(Prefetch("item_maps", ItemMap.objects.select_related("arm")))
    total = study.items.count()
    for done, item in enumerate(items, start=1):
        hashes |= {key: sha256_of(file) for key, file in picture_files(item).items()}
        progress(done, total)
    return hashes | check_hashes(CheckMap.objects.filter(item__study=study).select_related("item"))


def picture_files(item: Item) -> dict[str, FieldFile]:
    """What volunteers see of an item, by what it is: its photo, and for each arm its map as a picture."""
    maps = {f"{item.index} {item_map.arm.index}": item_map.picture for item_map in item.item_maps.all()}
    return {f"{item.index} photo": item.picture, **maps}


def check_map_files(rows: Iterable[CheckMap]) -> dict[str, FieldFile]:
    """The pictures of attention checks, by what they are."""
    return {f"{row.item.index} check {row.place}": row.file for row in rows}


def check_hashes(rows: Iterable[CheckMap]) -> dict[str, str]:
    return {key: sha256_of(file) for key, file in check_map_files(rows).items()}


def fingerprint(study: Study, pictures: dict[str, str]) -> str:
    """SHA-256 of all that a study asks: settings, wording, arms, items, raw maps, pictures and orders."""
    return seal(study, pictures)[0]


def seal(study: Study, pictures: dict[str, str], words: dict[str, Any] | None = None) -> tuple[str, str]:
    """A study's fingerprint and the text that it is of: what_is_asked() as one line of JSON. `words`: see full_protocol()."""
    asked = what_is_asked(study, pictures, words)
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256_of_text(text), text


def sha256_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def what_is_asked(
    study: Study, pictures: dict[str, str], words: dict[str, Any] | None = None
) -> dict[str, Any]:
    """All that a study asks, by part. `pictures`: picture_hashes().

    Trials made again after an answer was voided repeat an item and order that are there already, so the orders
    enter as a set of (item, order) with what the study asked for, not as a list of rows. Orders that are chosen round by round
    are not known yet when a study is sealed: each round is on record with a hash of its own (trials/rounds.py).
    """
    items = study.items.order_by("index")
    said = list(
        items.values_list("prediction", flat=True)
    )  # what a network is said to say; of most studies nothing
    maps = ItemMap.objects.filter(item__study=study).order_by("item__index", "arm__index")
    side_by_side = ItemPanel.objects.filter(item_map__item__study=study)
    panels = [
        (panel.item_map.item.index, panel.item_map.arm.index, panel.place, panel.map.values_sha256)
        for panel in side_by_side.select_related("item_map__item", "item_map__arm", "map")
        .order_by("item_map__item__index", "item_map__arm__index", "place")
        .iterator(chunk_size=200)
    ]
    # Answers collected elsewhere have trials of their own without an order: nobody was shown anything here.
    main = study.trials.filter(kind=Trial.Kind.MAIN).exclude(order="")
    orders = main.order_by().values_list("item__index", "order").distinct()
    return (
        {
            "study": settings_in_the_hash(study),
            "protocol": {
                key: value
                for key, value in full_protocol(study, words).items()
                if not _is_as_before(key, value)
            },
            "arms": [
                (arm.index, arm.name, *source_of(arm).sealed(arm))
                for arm in study.arms.order_by("index")
                .select_related("network", "map_set")
                .defer("network__class_names")
            ],
            "items": list(items.values_list("index", "image__class_name", "image__content_sha256")),
            "maps": [item_map.map.values_sha256 for item_map in _arrays(maps)],
            "pictures": pictures,
            "orders": [] if trial_type_of(study).layout.in_rounds else sorted(orders),
        }
        | ({"predictions": said} if any(said) else {})
        | ({"panels": panels} if panels else {})
    )


_NOT_HASHED = {"protocol", "protocol_sha256", "version", "opened_at", "code_version"}
# Settings that came later enter the hash only where they are used: studies opened before them keep theirs.
_LATER = {"attention_checks", "alike_seen", "comparison", "language", "nonce", "simulated_only"}


def settings_in_the_hash(study: Study) -> dict[str, Any]:
    return {name: getattr(study, name) for name in Study.FROZEN if _is_hashed(study, name)}


def _is_hashed(study: Study, name: str) -> bool:
    return name not in _NOT_HASHED and not _is_as_before(name, getattr(study, name))


def _is_as_before(name: str, value: Any) -> bool:
    """Whether a setting that came later is what every study was before it came."""
    return name in _LATER and value == getattr(Study(), name)


def _arrays(maps: QuerySet[ItemMap]) -> Iterable[ItemMap]:
    """Of maps whose arrays lie in files the row's hash is taken, as of pictures: reading them checks them against it."""
    columns = ("map__values", "map__array_sha256")
    return maps.select_related("map").only(*columns).iterator(chunk_size=200)


@cache
def code_version() -> str:
    """What `git describe` says of this code: now, in a checkout; when it was built, in a wheel. Or else the version."""
    built = settings.BASE_DIR / "code_version"
    if built.exists():
        return built.read_text("utf-8").strip()
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--tags"],  # noqa: S607
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        return described.stdout.strip()[:64]
    except (OSError, subprocess.SubprocessError):
        return __version__
