"""Bring photos in from a folder, a ZIP or a manifest.csv, or ImageNet as it is published."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain.core.commands import Answer, AnswerCommand, Bar, table
from explain.photos import Imported, Plan, import_images, plan_import


class Command(AnswerCommand):
    help = (
        "Bring photos into a set: a folder with a folder for each class, a folder or ZIP with a manifest.csv, "
        "the manifest.csv itself, or ImageNet's validation photos with the official list. A photo that is there already "
        "is not taken twice. All or nothing, unless --resumable. At a terminal you see first what would come in, and are "
        "asked."
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

        parser.add_argument(
            "--yes", action="store_true", help="do not ask; without a terminal nobody is asked"
        )

    def run(self, *, path: Path, set_name: str, in_place: bool, yes: bool, **options: Any) -> Answer:
        named = {key: options[key] for key in ("boxes", "ground_truth", "devkit")}
        listed = options["ground_truth"] or options["devkit"]
        given = {
            "path": path,
            "set_name": set_name,
            "resumable": bool(options["resumable"] or listed),
            **named,
        }
        if not yes and _somebody_is_there():
            self._ask(given)
        with Bar("photos") as progress:
            try:
                imported = import_images(**given, in_place=in_place, progress=progress)
            except KeyboardInterrupt as interrupt:
                raise CommandError(
                    "stopped. Run the same command again; with --resumable it goes on where it stopped.",
                    returncode=130,
                ) from interrupt
        return _answer(imported)

    def _ask(self, given: dict[str, Any]) -> None:
        """Show what would come in. Raises CommandError where the answer is not yes."""
        with Bar("photos looked at") as progress:
            plan = plan_import(**given, progress=progress)
        self.stderr.write(f"{_in_words(plan)}\nAdd these photos? [y/N] ", style_func=str, ending="")
        self.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise CommandError("nothing was imported", returncode=1)


def _somebody_is_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _in_words(plan: Plan) -> str:
    lines = [table(["class", "new photos"], plan.classes.items())]
    lines += [f"{plan.new:,} new photos for the set {plan.set_name}, {plan.boxed:,} of them with boxes."]
    lines += [f"{plan.already_there:,} are in the set already."] * bool(plan.already_there)
    lines += [f"{plan.repeated:,} are the same photo twice."] * bool(plan.repeated)
    for passed_over in plan.passed_over:
        names = ", ".join(passed_over.names[:3]) + (" …" if passed_over.count > 3 else "")
        lines.append(f"Passed over, {passed_over.why}: {passed_over.count:,} ({names})")
    return "\n".join([*lines, *plan.remarks, *plan.warnings, *plan.bad])


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
