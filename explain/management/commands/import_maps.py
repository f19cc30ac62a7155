"""Bring maps in that were made elsewhere: arrays in files, one of each photo."""

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from explain.core.commands import Answer, AnswerCommand, Bar
from explain.core.errors import BadInputError
from explain.management.bringing import ask_to_go_on, provenance_of, show
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
    import_maps,
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
        parser.add_argument("--images", required=True, help="the set of photos that they are maps of")
        parser.add_argument(
            "--name", required=True, help="what they are called in protocols; never shown to volunteers"
        )
        for name, choices in ASKED.items():
            parser.add_argument(f"--{name}", choices=[*choices], help=_choices_in_words(choices))
        parser.add_argument(
            "--channels", choices=[*Channels], help=f"for arrays of (C, h, w): {_choices_in_words(Channels)}"
        )
        parser.add_argument(
            "--network", default="", help="whose crop they cover, and whose classes a manifest's targets are"
        )
        parser.add_argument(
            "--allow",
            action="append",
            default=[],
            choices=[*ALLOWED],
            help="; ".join(f"{name}: {words}" for name, words in ALLOWED.items()),
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
            reading=self._reading(options, asks=asks),
            network=options["network"],
            allow=frozenset(options["allow"]),
            provenance=provenance_of(options["provenance"]),
        )
        if asks or preview:
            show(self.stderr, request, preview, _in_words)
        if asks:
            ask_to_go_on(self.stderr, "maps")
        with Bar("maps looked at") as look, Bar("maps") as progress:
            try:
                return _answer(import_maps(request, look=look, progress=progress))
            except KeyboardInterrupt as interrupt:
                raise CommandError(
                    "stopped. Run the same command again; it goes on where it stopped.", returncode=130
                ) from interrupt

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
