"""Bring finished pictures in that were made elsewhere: one of each photo."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain.core.commands import Answer, AnswerCommand, Bar
from explain.management.bringing import ask_to_go_on, provenance_of, show
from explain.map_sets import (
    ALLOWED_OF_PICTURES,
    Fit,
    ImportedMaps,
    Laying,
    MapPlan,
    Request,
    fit_in_words,
    import_maps,
)


class Command(AnswerCommand):
    help = (
        "Bring finished pictures in, one of each photo of a set: panels of prototypes, counterfactuals, concept sheets, overlays that "
        "another program drew. A folder or ZIP of pictures named as the photos are, or a manifest.csv (photo,file). A protocol names "
        'them by { pictures = "NAME" }. All or nothing; the same again is not stored again. At a terminal you see three first.'
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a folder, a .zip, or a manifest.csv")
        parser.add_argument("--images", required=True, help="the set of photos that they are of")
        parser.add_argument(
            "--name", required=True, help="what they are called in protocols; never shown to volunteers"
        )
        parser.add_argument(
            "--fit",
            choices=[*Fit],
            default=Fit.WHOLE,
            help="; ".join(f"{fit}: {fit_in_words(fit)}" for fit in Fit),
        )
        parser.add_argument(
            "--allow",
            action="append",
            default=[],
            choices=[*ALLOWED_OF_PICTURES],
            help="; ".join(f"{name}: {words}" for name, words in ALLOWED_OF_PICTURES.items()),
        )
        parser.add_argument(
            "--provenance", type=Path, help="a JSON file on how they were made; kept and hashed"
        )
        parser.add_argument("--preview", type=Path, help="where the picture of three photos goes (.jpg)")
        parser.add_argument(
            "--yes", action="store_true", help="do not ask; without a terminal nobody is asked"
        )

    def run(self, *, path: Path, preview: Path | None, yes: bool, **options: Any) -> Answer:
        asks = not yes and sys.stdin.isatty() and sys.stderr.isatty()
        request = Request(
            path=path,
            images=options["images"],
            name=options["name"],
            reading=Laying(Fit(options["fit"])),
            allow=frozenset(options["allow"]),
            provenance=provenance_of(options["provenance"]),
        )
        if asks or preview:
            show(self.stderr, request, preview, _in_words)
        if asks:
            ask_to_go_on(self.stderr, "pictures")
        with Bar("pictures looked at") as look, Bar("pictures") as progress:
            try:
                return _answer(import_maps(request, look=look, progress=progress))
            except KeyboardInterrupt as interrupt:
                raise CommandError(
                    "stopped. Run the same command again; it goes on where it stopped.", returncode=130
                ) from interrupt


def _in_words(plan: MapPlan) -> list[str]:
    sizes = list(plan.shapes.items())
    shown = ", ".join(f"{count:,} of {size}" for size, count in sizes[:5])
    return [
        f"{plan.new:,} new pictures of {plan.images} for {plan.name} ({plan.already_there:,} are there already): {shown}"
        f"{f' and {len(sizes) - 5:,} more sizes' if len(sizes) > 5 else ''}.",
        f"How they are shown: {plan.reading}.",
        *plan.remarks,
    ]


def _answer(imported: ImportedMaps) -> Answer:
    data = imported.to_json()
    data["pictures"] = data.pop("maps")
    columns = ("name", "images", "new", "already_there", "pictures", "missing", "blank")
    return Answer(
        data=data,
        header=[name.replace("_", " ") for name in columns],
        rows=[[data[name] for name in columns]],
        notes=_in_words(imported.plan)[1:],
    )
