"""Bring maps in that were made elsewhere: arrays in files, one of each photo."""

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain.core.commands import Answer, AnswerCommand
from explain.core.errors import BadInputError
from explain.management.bringing import add_arguments, bring, is_asked, provenance_of
from explain.map_sets import (
    ALLOWED,
    Channels,
    Covers,
    ImportedMaps,
    MapPlan,
    Reading,
    Request,
    Scale,
    Sign,
    in_words,
)

ASKED: dict[str, type[StrEnum]] = {"covers": Covers, "sign": Sign, "scale": Scale}


class Command(AnswerCommand):
    help = (
        "Bring maps in as arrays, one of each photo of a set: a folder or ZIP of .npy, .npz, .png, .tif, .pt or .safetensors "
        "named as the photos are, a manifest.csv (photo,file,target), or one .npz, .safetensors, .pt or .h5 with an array and the "
        'ids of its photos. A protocol names them by { maps = "NAME" }. All or nothing; the same again is not stored again. At a '
        "terminal you are asked what is not said, and see three photos first."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "path", type=Path, help="a folder, a .zip, a manifest.csv, or one file of many maps"
        )
        for name, choices in ASKED.items():
            parser.add_argument(f"--{name}", choices=[*choices], help=_choices_in_words(choices))
        parser.add_argument(
            "--channels", choices=[*Channels], help=f"for arrays of (C, h, w): {_choices_in_words(Channels)}"
        )
        parser.add_argument(
            "--network", default="", help="whose crop they cover, and whose classes a manifest's targets are"
        )
        add_arguments(parser, allowed=ALLOWED, of="maps of")

    def run(self, *, path: Path, preview: Path | None, yes: bool, **options: Any) -> Answer:
        asks = is_asked(yes)
        request = Request(
            path=path,
            images=options["images"],
            name=options["name"],
            reading=self._reading(options, asks=asks),
            network=options["network"],
            allow=frozenset(options["allow"]),
            provenance=provenance_of(options["provenance"]),
        )
        return _answer(
            bring(self.stderr, request, things="maps", preview=preview, asks=asks, in_words=_in_words)
        )

    def _reading(self, options: dict[str, Any], *, asks: bool) -> Reading:
        said: dict[str, Any] = {
            name: options[name] or (asks and self._choice(name, choices)) for name, choices in ASKED.items()
        }
        if missing := [f"--{name} {'|'.join(ASKED[name])}" for name, value in said.items() if not value]:
            raise BadInputError(f"it must be known how the arrays are read; say {', '.join(missing)}")
        channels = Channels(options["channels"]) if options["channels"] else None
        return Reading(Covers(said["covers"]), Sign(said["sign"]), Scale(said["scale"]), channels)

    def _choice(self, name: str, choices: type[StrEnum]) -> str:
        """What somebody at the terminal chooses, by its word or its first letters."""
        while True:
            lines = [f"  {choice}: {in_words(choice)}" for choice in choices]
            self.stderr.write("\n".join([f"{name}?", *lines, "> "]), style_func=str, ending="")
            self.stderr.flush()
            line = sys.stdin.readline()
            if not line:
                raise CommandError("nothing was imported", returncode=1)
            fitting = [
                choice for choice in choices if line.strip() and choice.startswith(line.strip().lower())
            ]
            if len(fitting) == 1:
                return fitting[0]


def _choices_in_words(choices: Iterable[StrEnum]) -> str:
    return "; ".join(f"{choice}: {in_words(choice)}" for choice in choices)


def _in_words(plan: MapPlan) -> list[str]:
    shapes = ", ".join(f"{count:,} of {shape}" for shape, count in plan.shapes.items())
    return [
        f"{plan.new:,} new maps of {plan.images} for {plan.name} ({plan.already_there:,} are there already): {shapes}; "
        f"values from {plan.lowest:.3g} to {plan.highest:.3g}.",
        f"How they are read: {plan.reading}.",
        *plan.remarks,
    ]


def _answer(imported: ImportedMaps) -> Answer:
    data = imported.to_json()
    columns = ("name", "images", "new", "already_there", "maps", "missing", "blank")
    return Answer(
        data=data,
        header=[name.replace("_", " ") for name in columns],
        rows=[[data[name] for name in columns]],
        notes=_in_words(imported.plan)[1:],
    )
