"""What the report shows of what people looked at: a trial, and the photos about which they agreed and differed most.

The pictures are those that volunteers were shown, read from storage and held against their hashes; they stand in the file itself.
"""

import base64
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image as PillowImage

from explain import evaluation
from explain.core.errors import BadInputError
from explain.map_sources import source_of
from studies.models import Item, ItemMap, Study, Trial
from studies.protocol import class_title, fill_in
from studies.results import ItemRow
from studies.trial_types import trial_type_of

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
    title: str  # of the class that the trial names, as volunteers read it; empty where it names none
    question: str
    prediction: str  # the same where it is what the network says of the photo
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
    page = trial_type_of(study).page
    named = page.named(item.image.class_name, item.prediction, check=False)
    title = class_title(study, named.class_name) if named.class_name else ""
    maps = {row.arm.index: row for row in item.item_maps.select_related("arm")}
    shown = [Picture(letter, data_of(maps[arm])) for letter, arm in zip(LETTERS, trial.arms, strict=False)]
    return TrialPicture(
        number=trial.pk,
        item=item.index,
        title=title,
        question=fill_in(page.question(study.wording), **{"class": title}),
        prediction=title if trial_type_of(study).asked.network_speaks else "",
        photo=Picture("", data_of(item)),
        maps=tuple(shown),
    )


def photo_rows(study: Study, rows: Iterable[ItemRow], columns: list[str]) -> list[PhotoRow]:
    """Each item with its pictures. `columns`: names of its figures."""
    by_index = {row.index: row for row in rows}
    items = study.items.filter(index__in=by_index).prefetch_related("item_maps__arm")
    pictured = {item.index: item for item in items}
    return [_photo_row(pictured[index], row, columns) for index, row in by_index.items()]


@dataclass(frozen=True)
class Leaves:
    """An item as the paper's figure 4 has it: the photo with its boxes, and what each map leaves of it at three thresholds."""

    item: int
    class_name: str
    arms: tuple[str, ...]
    photo: Picture
    rows: tuple[tuple[str, tuple[Picture, ...]], ...]  # of each threshold, one picture for each arm
    arms_left_out: int  # without an array, or more than stand in a row


def what_maps_leave(study: Study, index: int) -> Leaves | None:
    """None where no map of the item has an array, or the photo cannot be read."""
    item = study.items.select_related("image").get(index=index)
    item_maps = item.item_maps.select_related("arm", "map__network", "map__map_set__network")
    every = list(item_maps.order_by("arm__index"))
    drawn = [row for row in every if source_of(row.map).has_arrays][:MAPS_A_ROW]
    maps = [(row.map, source_of(row.map).extent(row.map, item.image)) for row in drawn]
    try:
        above = evaluation.photos_above(item.image, maps, side=SIDE)
    except BadInputError:
        return None
    if not drawn:
        return None
    rows = (
        (f"{part:.0%}", tuple(Picture(f"{one.kept:.0%}", _data(one.jpeg)) for one in at_part))
        for part, at_part in zip(evaluation.THRESHOLDS, zip(*above.maps, strict=True), strict=True)
    )
    return Leaves(
        item=index,
        class_name=item.image.class_name,
        arms=tuple(row.arm.name for row in drawn),
        photo=Picture("", _data(above.photo.jpeg)),
        rows=tuple(rows),
        arms_left_out=len(every) - len(drawn),
    )


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
    height = round(SIDE * picture.height / picture.width)  # several side by side may be no square
    picture.resize((SIDE, height), PillowImage.Resampling.LANCZOS).save(file, "JPEG", quality=QUALITY)
    return _data(file.getvalue())


def _data(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
