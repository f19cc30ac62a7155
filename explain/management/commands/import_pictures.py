"""Bring finished pictures in that were made elsewhere: one of each photo."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from explain.core.commands import Answer, AnswerCommand
from explain.management.bringing import add_arguments, bring, is_asked, provenance_of
from explain.map_sets import (
    ALLOWED_OF_PICTURES,
    Fit,
    ImportedMaps,
    Laying,
    MapPlan,
    Request,
    fit_in_words,
)


class Command(AnswerCommand):
    help = (
        "Bring finished pictures in, one of each photo of a set: panels of prototypes, counterfactuals, concept sheets, overlays that "
        "another program drew. A folder or ZIP of pictures named as the photos are, or a manifest.csv (photo,file). A protocol names "
        'them by { pictures = "NAME" }. All or nothing; the same again is not stored again. At a terminal you see three first.'
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a folder, a .zip, or a manifest.csv")
        parser.add_argument(
            "--fit",
            choices=[*Fit],
            default=Fit.WHOLE,
            help="; ".join(f"{fit}: {fit_in_words(fit)}" for fit in Fit),
        )
        add_arguments(parser, allowed=ALLOWED_OF_PICTURES, of="of")

    def run(self, *, path: Path, preview: Path | None, yes: bool, **options: Any) -> Answer:
        asks = is_asked(yes)
        request = Request(
            path=path,
            images=options["images"],
            name=options["name"],
            reading=Laying(Fit(options["fit"])),
            allow=frozenset(options["allow"]),
            provenance=provenance_of(options["provenance"]),
        )
        return _answer(
            bring(self.stderr, request, things="pictures", preview=preview, asks=asks, in_words=_in_words)
        )


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
