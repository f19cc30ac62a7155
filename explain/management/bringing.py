"""What the commands that bring maps and pictures share: how they were made, three photos before anything is stored, a question."""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper

from explain.core.commands import Bar
from explain.core.errors import BadInputError
from explain.core.storable import storable
from explain.map_sets import ImportedMaps, MapPlan, Request, import_maps, plan_maps, preview_picture


def add_arguments(parser: CommandParser, *, allowed: Mapping[str, str], of: str) -> None:
    """What both commands take beside their own: whose, what they are called, and what is asked before anything is stored.

    allowed: what can be let pass, in words. of: what they are of the photos.
    """
    parser.add_argument("--images", required=True, help=f"the set of photos that they are {of}")
    parser.add_argument(
        "--name", required=True, help="what they are called in protocols; never shown to volunteers"
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        choices=[*allowed],
        help="; ".join(f"{name}: {words}" for name, words in allowed.items()),
    )
    parser.add_argument("--provenance", type=Path, help="a JSON file on how they were made; kept and hashed")
    parser.add_argument("--preview", type=Path, help="where the picture of three photos goes (.jpg)")
    parser.add_argument("--yes", action="store_true", help="do not ask; without a terminal nobody is asked")


def is_asked(yes: bool) -> bool:
    """Whether somebody sits at a terminal and wants to be asked."""
    return not yes and sys.stdin.isatty() and sys.stderr.isatty()


def bring(
    stderr: OutputWrapper,
    request: Request,
    *,
    things: str,
    preview: Path | None,
    asks: bool,
    in_words: Callable[[MapPlan], list[str]],
) -> ImportedMaps:
    """Show what would be done where somebody wants to see it, ask, and do it. Raises CommandError where it is stopped or not wanted."""
    if asks or preview:
        show(stderr, request, preview, in_words)
    if asks:
        ask_to_go_on(stderr, things)
    with Bar(f"{things} looked at") as look, Bar(things) as progress:
        try:
            return import_maps(request, look=look, progress=progress)
        except KeyboardInterrupt as interrupt:
            raise CommandError(
                "stopped. Run the same command again; it goes on where it stopped.", returncode=130
            ) from interrupt


def show(
    stderr: OutputWrapper, request: Request, preview: Path | None, in_words: Callable[[MapPlan], list[str]]
) -> None:
    """Say what an import would do, and write three photos into a file, a temporary one where none is named."""
    with Bar("files looked at") as progress:
        plan = plan_maps(request, progress)
    if plan.samples:
        if preview is None:
            with tempfile.NamedTemporaryFile(prefix=f"{plan.name}-", suffix=".jpg", delete=False) as file:
                preview = Path(file.name)
        preview.write_bytes(preview_picture(plan.samples))
    labels = ", ".join(sample.label for sample in plan.samples)
    shown = [f"{labels} as people would see them: {preview}"] * bool(plan.samples)
    stderr.write("\n".join([*in_words(plan), *shown]), style_func=str)


def ask_to_go_on(stderr: OutputWrapper, things: str) -> None:
    stderr.write(f"Bring these {things} in? [y/N] ", style_func=str, ending="")
    stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("nothing was imported", returncode=1)


def provenance_of(path: Path | None) -> dict[str, Any]:
    """The JSON object in a file that --provenance names; empty where it names none."""
    if path is None:
        return {}
    try:
        told = json.loads(path.read_text("utf-8"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(
            f"--provenance {path}: cannot be read as JSON ({error}); correct the file"
        ) from error
    if not isinstance(told, dict):
        raise BadInputError(f'--provenance {path}: is no JSON object; write {{"method": …}}')
    if storable(told) != told:
        raise BadInputError(f"--provenance {path}: has a NUL or half a character in a text; take it out")
    return told


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
