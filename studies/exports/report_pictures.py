"""What the report shows of what people looked at: a trial, and the photos about which they agreed and differed most.

The pictures are those that volunteers were shown, read from storage and held against their hashes; they stand in the file itself.
"""

import base64
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image as PillowImage

from studies.models import Item, ItemMap, Study, Trial
from studies.protocol import class_title, fill_in
from studies.results import ItemRow

SIDE = 224  # pixels of a picture in the report
QUALITY = 85  # of JPEG
MAPS_A_ROW = 5  # of more arms the first ones are shown
LETTERS = "ABCDEFGH"


@dataclass(frozen=True)
class Picture:
    """One picture. `data`: a data: URI, empty where it cannot be shown; `name`: of its arm, or its letter on screen."""

    name: str
    data: str


@dataclass(frozen=True)
class TrialPicture:
    """One main trial as volunteers saw it."""

    number: int  # the trial's
    item: int
    title: str  # of the photo's class, as volunteers read it
    question: str
    prediction: str  # what the network says of the photo, where trials show that
    photo: Picture
    maps: tuple[Picture, ...]  # by place on screen, with its letter


@dataclass(frozen=True)
class PhotoRow:
    """An item with its maps, in the order of the arms."""

    row: ItemRow
    figures: tuple[tuple[str, str], ...]  # name and figure in words
    photo: Picture
    maps: tuple[Picture, ...]
    maps_left_out: int


def trial_picture(study: Study) -> TrialPicture | None:
    """The study's first main trial; None where it has no trials yet."""
    trial = study.trials.filter(kind=Trial.Kind.MAIN).select_related("item__image").order_by("pk").first()
    if trial is None:
        return None
    item = trial.item
    title = class_title(study, item.image.class_name)
    maps = {row.arm.index: row for row in item.item_maps.select_related("arm")}
    shown = [Picture(letter, data_of(maps[arm])) for letter, arm in zip(LETTERS, trial.arms, strict=False)]
    return TrialPicture(
        number=trial.pk,
        item=item.index,
        title=title,
        question=fill_in(study.wording.get("question", ""), **{"class": title}),
        prediction=(item.prediction or {}).get("says", ""),
        photo=Picture("", data_of(item)),
        maps=tuple(shown),
    )


def photo_rows(study: Study, rows: Iterable[ItemRow], columns: list[str]) -> list[PhotoRow]:
    """Each item with its pictures. `columns`: names of its figures."""
    by_index = {row.index: row for row in rows}
    items = study.items.filter(index__in=by_index).prefetch_related("item_maps__arm")
    pictured = {item.index: item for item in items}
    return [_photo_row(pictured[index], row, columns) for index, row in by_index.items()]


def _photo_row(item: Item, row: ItemRow, columns: list[str]) -> PhotoRow:
    maps = sorted(item.item_maps.all(), key=lambda item_map: item_map.arm.index)
    return PhotoRow(
        row=row,
        figures=tuple(zip(columns, row.in_words, strict=True)),
        photo=Picture("", data_of(item)),
        maps=tuple(Picture(one.arm.name, data_of(one)) for one in maps[:MAPS_A_ROW]),
        maps_left_out=len(maps[MAPS_A_ROW:]),
    )


def data_of(row: Item | ItemMap) -> str:
    """The picture that volunteers were shown as a data: URI, SIDE pixels wide; empty where it is gone, or another by its hash."""
    try:
        with row.picture.open("rb") as opened:
            content = opened.read()
        if row.picture_sha256 and hashlib.sha256(content).hexdigest() != row.picture_sha256:
            return ""
        picture = PillowImage.open(io.BytesIO(content)).convert("RGB")
    except (OSError, ValueError):  # no file, or none that is a picture
        return ""
    file = io.BytesIO()
    picture.resize((SIDE, SIDE), PillowImage.Resampling.LANCZOS).save(file, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
