"""Bring photos in from a folder, a ZIP or a manifest.csv, or ImageNet as it is published."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain.core.commands import Answer, AnswerCommand, Bar
from explain.photos import Imported, import_images


class Command(AnswerCommand):
    help = (
        "Bring photos into a set: a folder with a folder for each class, a folder or ZIP with a manifest.csv, "
        "the manifest.csv itself, or ImageNet's validation photos with the official list. A photo that is there already "
        "is not taken twice. All or nothing, unless --resumable."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a folder, a .zip, or a manifest.csv")
        parser.add_argument("--set", required=True, dest="set_name", help="the set, made if it is new")
        parser.add_argument(
            "--boxes",
            type=Path,
            help="ground-truth boxes: CSV with file,boxes or file,x1,y1,x2,y2, or a folder of XML files",
        )
        parser.add_argument(
            "--ground-truth",
            type=Path,
            help="what the photos of a flat folder show: ILSVRC2012_validation_ground_truth.txt, a list of synsets, or "
            "LOC_val_solution.csv",
        )
        parser.add_argument(
            "--devkit",
            type=Path,
            help="ILSVRC2012_devkit_t12, whose meta.mat says what the ids of the list are",
        )
        parser.add_argument("--in-place", action="store_true", help="use the photos where they lie, uncopied")
        parser.add_argument(
            "--resumable",
            action="store_true",
            help="keep photos as they come, so that a stopped import goes on (the way with --ground-truth or --devkit)",
        )

    def run(self, *, path: Path, set_name: str, **options: Any) -> Answer:
        listed = options["ground_truth"] or options["devkit"]
        with Bar("photos") as progress:
            try:
                imported = import_images(
                    path=path,
                    set_name=set_name,
                    boxes=options["boxes"],
                    ground_truth=options["ground_truth"],
                    devkit=options["devkit"],
                    in_place=options["in_place"],
                    resumable=bool(options["resumable"] or listed),
                    progress=progress,
                )
            except KeyboardInterrupt as interrupt:
                raise CommandError(
                    "stopped. Run the same command again; with --resumable it goes on where it stopped.",
                    returncode=130,
                ) from interrupt
        return _answer(imported)


def _answer(imported: Imported) -> Answer:
    photos = imported.image_set.images
    data = {
        "set": imported.image_set.name,
        "added": imported.added,
        "already_there": imported.already_there,
        "updated": imported.updated,
        "repeated": imported.repeated,
        "ignored": imported.ignored,
        "remarks": imported.remarks,
        "warnings": imported.warnings,
        "photos": photos.count(),
        "classes": photos.order_by().values("class_name").distinct().count(),
    }
    columns = ("set", "added", "already_there", "updated", "photos", "classes")
    notes = []
    if imported.repeated:
        notes.append(f"{imported.repeated} more were the same photo twice.")
    if imported.ignored:
        notes.append(
            f"{len(imported.ignored)} other files were passed over: {', '.join(imported.ignored[:3])} …"
        )
    notes += [*imported.remarks, *imported.warnings]
    return Answer(
        data=data,
        header=[name.replace("_", " ") for name in columns],
        rows=[[data[name] for name in columns]],
        notes=notes,
    )
