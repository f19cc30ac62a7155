"""Bring photos in from a folder, a ZIP or a manifest.csv."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from explain import images
from explain.cli import Answer, AnswerCommand, Bar


class Command(AnswerCommand):
    help = (
        "Bring photos into a set: a folder with a folder for each class, a folder or ZIP with a manifest.csv, "
        "or the manifest.csv itself. All or nothing; a photo that is there already is not taken twice."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a folder, a .zip, or a manifest.csv")
        parser.add_argument("--set", required=True, dest="set_name", help="the set, made if it is new")
        parser.add_argument(
            "--boxes", type=Path, help="ground-truth boxes: CSV with file,boxes or file,x1,y1,x2,y2"
        )

    def run(self, *, path: Path, set_name: str, boxes: Path | None, **_: Any) -> Answer:
        with Bar("photos") as progress:
            done = images.import_images(path=path, set_name=set_name, boxes=boxes, progress=progress)
        return _answer(done)


def _answer(done: images.Imported) -> Answer:
    photos = done.image_set.images
    data = {
        "set": done.image_set.name,
        "added": done.added,
        "already_there": done.already_there,
        "updated": done.updated,
        "repeated": done.repeated,
        "ignored": done.ignored,
        "photos": photos.count(),
        "classes": photos.order_by().values("class_name").distinct().count(),
    }
    columns = ("set", "added", "already_there", "updated", "photos", "classes")
    notes = []
    if done.repeated:
        notes.append(f"{done.repeated} more were the same photo twice.")
    if done.ignored:
        notes.append(f"{len(done.ignored)} other files were passed over: {', '.join(done.ignored[:3])} …")
    return Answer(
        data=data,
        header=[name.replace("_", " ") for name in columns],
        rows=[[data[name] for name in columns]],
        notes=notes,
    )
